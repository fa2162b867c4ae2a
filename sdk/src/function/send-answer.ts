import { once } from "node:events"
import type { OutgoingHttpHeaders, ServerResponse } from "node:http"

/** What a handler may answer: a `Response`, or simply text or bytes. */
export type Answer = Response | string | Uint8Array

/** Writes `answer`; resolves when all of it was handed to the connection. */
export async function sendAnswer(outgoing: ServerResponse, answer: Answer): Promise<void> {
  if (typeof answer === "string") return sendWhole(outgoing, answer, "text/plain; charset=utf-8")
  if (answer instanceof Uint8Array) return sendWhole(outgoing, answer, "application/octet-stream")
  const headers = headersOf(answer)
  if (answer.body === null) {
    outgoing.writeHead(answer.status, headers).end()
    return
  }
  await sendStream(outgoing, answer.status, headers, answer.body)
}

function sendWhole(outgoing: ServerResponse, content: string | Uint8Array, type: string): void {
  outgoing.writeHead(200, { "content-type": type, "content-length": Buffer.byteLength(content) }).end(content)
}

function headersOf(answer: Response): OutgoingHttpHeaders {
  const headers: OutgoingHttpHeaders = {}
  for (const [name, value] of answer.headers) if (name !== "set-cookie") headers[name] = value
  const cookies = answer.headers.getSetCookie()
  if (cookies.length > 0) headers["set-cookie"] = cookies
  return headers
}

async function sendStream(
  outgoing: ServerResponse,
  status: number,
  headers: OutgoingHttpHeaders,
  body: ReadableStream<Uint8Array>,
): Promise<void> {
  const reader = body.getReader()
  outgoing.on("close", () => void reader.cancel().catch(() => {}))
  const first = await reader.read()
  const second = reader.read()
  // A body that was made from a text or from bytes has ended by now: send it in one piece, with its length.
  const early = await Promise.race([second, nextTurns()])
  if (first.done || early?.done) {
    const content = first.value ?? new Uint8Array()
    outgoing.writeHead(status, { "content-length": content.byteLength, ...headers }).end(content)
    return
  }
  outgoing.writeHead(status, headers)
  outgoing.write(first.value)
  for (let chunk = await second; !chunk.done; chunk = await reader.read()) {
    if (outgoing.destroyed) return
    if (!outgoing.write(chunk.value)) await once(outgoing, "drain")
  }
  outgoing.end()
}

/** A few turns of the promise queue: what is ready now has then been delivered. */
async function nextTurns(): Promise<undefined> {
  for (let i = 0; i < 3; i++) await undefined
  return undefined
}
