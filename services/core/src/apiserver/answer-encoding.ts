import { promisify } from "node:util"
import { constants, createGzip, gzip } from "node:zlib"
import type { Encoding } from "./negotiation.ts"
import { protobufType } from "./negotiation.ts"
import { type Push, pushOf, pushResponse } from "./push-response.ts"
import { wholeResponse } from "./whole-body.ts"

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
  const { encodeProtobuf, hasMessage } = await import("./protobuf/encode.ts")
  // Some kinds have no message, and who asks for protobuf has said that JSON will do, or reads of what type it is.
  if (!hasMessage(value)) return replaced(response, Buffer.from(JSON.stringify(value)), {})
  return replaced(response, encodeProtobuf(value), { "content-type": protobufType })
}

/** Smaller answers are sent as they are: as in Kubernetes, the time to squeeze them is longer than the time won. */
export const gzipBytesMin = 128 * 1024
const level = constants.Z_BEST_SPEED
const compress = promisify(gzip)

/** Squeezes a large answer, off this thread, for who takes it. */
export async function compressAnswer(response: Response, acceptEncoding: string): Promise<Response> {
  const bytes = Number(response.headers.get("content-length") ?? 0)
  const push = pushOf(response)
  if ((!push && bytes < gzipBytesMin) || !/(^|[\s,])gzip($|[\s,;])/.test(acceptEncoding)) return response
  if (push) return squeezed(push, response)
  const whole = await response.arrayBuffer()
  return replaced(response, await compress(whole, { level }), { "content-encoding": "gzip", vary: "Accept-Encoding" })
}

/** A body that is made while it is taken is squeezed so too. */
function squeezed(push: Push, { status, headers }: Response): Response {
  const next = new Headers(headers)
  next.delete("content-length")
  next.set("content-encoding", "gzip")
  next.set("vary", "Accept-Encoding")
  return pushResponse(
    (sink) => {
      const packer = createGzip({ level })
      packer.on("data", (bytes: Buffer) => {
        if (sink.write(bytes)) return
        packer.pause()
        sink.onDrained(() => packer.resume())
      })
      packer.on("end", () => sink.end())
      const stop = push({
        write: (part) => packer.write(part),
        onDrained: (callback) => void packer.once("drain", callback),
        unread: () => packer.writableLength + sink.unread(),
        end: () => void packer.end(),
        cut: () => sink.cut(),
      })
      return () => {
        stop()
        packer.destroy()
      }
    },
    { status, headers: next },
  )
}

function replaced({ status, headers }: Response, bytes: Uint8Array, changed: Record<string, string>): Response {
  const next = new Headers(headers)
  next.set("content-length", String(bytes.byteLength))
  for (const [name, value] of Object.entries(changed)) next.set(name, value)
  return wholeResponse(bytes, { status, headers: next })
}
