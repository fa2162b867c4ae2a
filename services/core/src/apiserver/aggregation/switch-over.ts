import { STATUS_CODES } from "node:http"
import type { Duplex } from "node:stream"
import type { Switched } from "./extension-client.ts"

/**
 * Answers a client that asked for another protocol. Only when the server has agreed to it are the connections joined: one
 * that still speaks HTTP would take further requests of the client's as ours, from whoever they say that they are.
 */
export async function switchOver(
  socket: Duplex,
  head: Buffer,
  answer: Switched | { readonly kind: "answer"; readonly response: Response },
): Promise<void> {
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
