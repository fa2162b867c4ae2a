import { type ClientRequest, type IncomingMessage, STATUS_CODES } from "node:http"
import { type Duplex, Readable } from "node:stream"
import { answeredHeaders } from "./forwarded-headers.ts"

/** A server has agreed to speak another protocol. */
export interface Switched {
  readonly kind: "switched"
  readonly head: IncomingMessage
  readonly socket: Duplex
  /** What came right behind the head. */
  readonly first: Buffer
}

/** What came instead of another protocol. */
interface Answer {
  readonly kind: "answer"
  readonly response: Response
}

const withoutBody = new Set([204, 205, 304])

/** A server's answer, with the headers that are not only for whoever asked it. */
export function responseOf(answer: IncomingMessage): Response {
  const status = answer.statusCode ?? 502
  const headers = answeredHeaders(answer.rawHeaders)
  if (withoutBody.has(status)) {
    answer.resume()
    return new Response(null, { status, headers })
  }
  return new Response(Readable.toWeb(answer) as ReadableStream<Uint8Array<ArrayBuffer>>, { status, headers })
}

/** What a request for another protocol comes to. Rejects when there is no answer. */
export function switched(outgoing: ClientRequest): Promise<Switched | Answer> {
  return new Promise((resolve, reject) => {
    outgoing.once("upgrade", (head, socket, first) => resolve({ kind: "switched", head, socket, first }))
    outgoing.once("response", (answer) => resolve({ kind: "answer", response: responseOf(answer) }))
    outgoing.on("error", reject)
  })
}

/**
 * Answers a client that asked for another protocol. Only when the server has agreed to it are the connections joined: one
 * that still speaks HTTP would take further requests of the client's as ours, from whoever they say that they are.
 */
export async function switchOver(socket: Duplex, head: Buffer, answer: Switched | Answer): Promise<void> {
  if (answer.kind === "answer") return writeAnswer(socket, answer.response)
  const { head: agreed, socket: upstream, first } = answer
  const lines = [`HTTP/1.1 101 ${agreed.statusMessage ?? "Switching Protocols"}`]
  for (let at = 0; at + 1 < agreed.rawHeaders.length; at += 2) {
    lines.push(`${agreed.rawHeaders[at]}: ${agreed.rawHeaders[at + 1]}`)
  }
  socket.write(`${lines.join("\r\n")}\r\n\r\n`)
  if (first.length > 0) socket.write(first)
  if (head.length > 0) upstream.write(head)
  upstream.on("error", () => socket.destroy())
  socket.on("error", () => upstream.destroy())
  socket.on("close", () => upstream.destroy())
  upstream.on("close", () => socket.end())
  upstream.pipe(socket)
  socket.pipe(upstream)
}

async function writeAnswer(socket: Duplex, { status, headers, body }: Response): Promise<void> {
  const lines = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ""}`]
  for (const [name, value] of headers) lines.push(`${name}: ${value}`)
  socket.write(`${lines.join("\r\n")}\r\nconnection: close\r\n\r\n`)
  for await (const chunk of body ?? []) socket.write(chunk)
  socket.end()
}
