import { promisify } from "node:util"
import { constants, gzip } from "node:zlib"
import type { Encoding } from "./negotiation.ts"
import { protobufType } from "./negotiation.ts"

/**
 * The last step of an answer: what the verbs write as JSON goes out as the client wants it. Encoders are loaded when the
 * first client asks for them.
 */
export async function encodeAnswer(response: Response, encoding: Encoding): Promise<Response> {
  if (encoding === "json" || response.headers.get("content-type") !== "application/json") return response
  const value = (await response.json()) as Record<string, unknown>
  if (encoding === "yaml") {
    const { stringify } = await import("yaml")
    return replaced(response, Buffer.from(stringify(value, { lineWidth: 0 })), { "content-type": "application/yaml" })
  }
  const { encodeProtobuf } = await import("./protobuf/encode.ts")
  return replaced(response, encodeProtobuf(value), { "content-type": protobufType })
}

/** Smaller answers are sent as they are: as in Kubernetes, the time to squeeze them is longer than the time won. */
export const gzipBytesMin = 128 * 1024
const level = constants.Z_BEST_SPEED
const compress = promisify(gzip)

/** Squeezes a large answer, off this thread, for who takes it. Streams have no length and are never squeezed. */
export async function compressAnswer(response: Response, acceptEncoding: string): Promise<Response> {
  const bytes = Number(response.headers.get("content-length") ?? 0)
  if (bytes < gzipBytesMin || !/(^|[\s,])gzip($|[\s,;])/.test(acceptEncoding)) return response
  const whole = await response.arrayBuffer()
  return replaced(response, await compress(whole, { level }), { "content-encoding": "gzip", vary: "Accept-Encoding" })
}

function replaced({ status, headers }: Response, bytes: Uint8Array, changed: Record<string, string>): Response {
  const next = new Headers(headers)
  next.set("content-length", String(bytes.byteLength))
  for (const [name, value] of Object.entries(changed)) next.set(name, value)
  return new Response(bytes as Uint8Array<ArrayBuffer>, { status, headers: next })
}
