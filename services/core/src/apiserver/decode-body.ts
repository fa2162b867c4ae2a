import { StatusError } from "@wick/sdk/api/meta/status-error"
import { protobufType } from "./negotiation.ts"
import { wellFormed } from "./well-formed.ts"

/** Bytes of a body: as in Kubernetes, what etcd takes twice over. */
export const bodyBytesMax = 3 * 1024 * 1024

/** Objects nested deeper than this are an attack on whoever walks them. */
const depthMax = 200

/** The media type of a body without its parameters. */
export function mediaTypeOf(request: Request): string {
  return (request.headers.get("content-type") ?? "application/json").split(";")[0]?.trim().toLowerCase() ?? ""
}

function refuseAnnounced(request: Request): void {
  if (Number(request.headers.get("content-length") ?? 0) > bodyBytesMax) throw tooLarge()
}

function tooLarge(): StatusError {
  return new StatusError("RequestEntityTooLarge", `Request entity too large: limit is ${bodyBytesMax}`)
}

/** The value of a JSON, YAML or protobuf body; undefined when it is empty. `onJson` sees the text of a right JSON one. */
export async function decodeBody(request: Request, onJson: (text: string) => void = () => {}): Promise<unknown> {
  const type = mediaTypeOf(request)
  refuseAnnounced(request)
  const body = type === protobufType ? new Uint8Array(await request.arrayBuffer()) : await request.text()
  if (body.length === 0) return undefined
  if (Buffer.byteLength(body) > bodyBytesMax) throw tooLarge()
  const value = typeof body === "string" ? await parseText(body, type, onJson) : await parseProtobuf(body)
  if (depthOf(value, 0) > depthMax)
    throw new StatusError("BadRequest", `the object is nested deeper than ${depthMax} levels`)
  return value
}

function parseText(text: string, type: string, onJson: (text: string) => void): unknown {
  if (type.endsWith("yaml")) return parseYaml(text)
  const value = parseJson(text, type)
  onJson(text)
  return value
}

async function parseProtobuf(bytes: Uint8Array): Promise<unknown> {
  const { decodeProtobuf } = await import("./protobuf/decode.ts")
  try {
    return decodeProtobuf(bytes)
  } catch (error) {
    throw new StatusError("BadRequest", `the body is no protobuf object: ${(error as Error).message}`)
  }
}

function parseJson(text: string, type: string): unknown {
  if (!type.endsWith("json")) {
    throw new StatusError(
      "UnsupportedMediaType",
      `the body of the request was in an unknown format (${type}) - accepted media types include: application/json, application/yaml, ${protobufType}`,
    )
  }
  try {
    return wellFormed(JSON.parse(text), text)
  } catch (error) {
    throw new StatusError(
      "BadRequest",
      `the object provided is unrecognized (must be JSON): ${(error as Error).message}`,
    )
  }
}

/** YAML as kubectl sends it in an apply patch, which mostly is JSON. */
async function parseYaml(text: string): Promise<unknown> {
  const { parse } = await import("yaml")
  try {
    return wellFormed(parse(text, { maxAliasCount: 100 }), text)
  } catch (error) {
    throw new StatusError("BadRequest", `error converting YAML to JSON: ${(error as Error).message.split("\n")[0]}`)
  }
}

function depthOf(value: unknown, depth: number): number {
  if (value === null || typeof value !== "object" || depth > depthMax) return depth
  let deepest = depth
  for (const child of Object.values(value)) deepest = Math.max(deepest, depthOf(child, depth + 1))
  return deepest
}
