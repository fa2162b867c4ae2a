import type { IncomingMessage } from "node:http"
import type { Duplex, Readable, Writable } from "node:stream"
import { finished } from "node:stream/promises"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Log } from "@wick/sdk/log"
import { type WebSocket, WebSocketServer } from "ws"
import type { PortSession, ProcessSession, SessionTarget } from "../runtime/runtime.ts"
import { endOf, sizeOf } from "./session-end.ts"

/** The fifth differs from the fourth in that a client can end a stream. */
const protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
/** The first byte of a message says which stream it is of. */
const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const
/** What a client has not read yet; beyond it, whoever speaks to it waits. */
const unsentBytesMax = 1024 * 1024
const messageBytesMax = 16 * 1024 * 1024
const normalClosure = 1_000

const server = new WebSocketServer({
  noServer: true,
  maxPayload: messageBytesMax,
  handleProtocols: (offered) => protocols.find((protocol) => offered.has(protocol)) ?? false,
})

/**
 * Speaks the WebSocket protocol of exec, attach and port-forward (`remotecommand`, `v4.channel.k8s.io` and up) with a
 * client, for a runtime that has only streams.
 */
export function serveSession(
  target: SessionTarget,
  log: Log,
  request: IncomingMessage,
  socket: Duplex,
  head: Buffer,
): void {
  server.handleUpgrade(request, socket, head, (client) => {
    client.on("error", () => client.terminate())
    // What it says before the session has begun waits for that.
    client.pause()
    const beginning = target.start().then(
      (session) => (session.kind === "process" ? joinProcess(client, session) : joinPorts(client, session)),
      (error: Error) => {
        log.debug("a session in a container cannot begin", { error })
        end(client, new StatusError("InternalError", error.message).toStatus())
      },
    )
    void beginning.finally(() => client.resume())
  })
}

function joinProcess(client: WebSocket, session: ProcessSession): void {
  const { stdin, stdout, stderr, ended } = session
  const outputs = [send(client, channel.stdout, stdout), ...(stderr ? [send(client, channel.stderr, stderr)] : [])]
  const close = (): void => void session.close()
  client.on("close", close)
  client.on("message", (data: Buffer) => {
    const rest = data.subarray(1)
    if (data[0] === channel.stdin && stdin) write(client, stdin, rest)
    else if (data[0] === channel.close && rest[0] === channel.stdin) stdin?.end()
    else if (data[0] === channel.resize) resize(session, rest)
  })
  ended.then(
    async (code) => {
      await Promise.all(outputs)
      end(client, endOf(code))
    },
    (error: Error) => end(client, new StatusError("InternalError", error.message).toStatus()),
  )
}

/** Two streams for each port: what goes to and fro, and why it went wrong. Each begins with the port's number. */
async function joinPorts(client: WebSocket, session: PortSession): Promise<void> {
  client.on("close", () => void session.close())
  const streams = new Map<number, Duplex>()
  const refuse = (channel: number, error: unknown): void =>
    client.send(framed(channel, Buffer.from((error as Error).message)))
  const connect = async (port: number, index: number): Promise<void> => {
    const [data, error] = [2 * index, 2 * index + 1]
    const number = Buffer.alloc(2)
    number.writeUInt16LE(port)
    for (const each of [data, error]) client.send(framed(each, number))
    const stream = await session.connect(port).catch((problem) => refuse(error, problem))
    stream?.on("error", (problem) => refuse(error, problem))
    if (stream) streams.set(data, stream)
  }
  await Promise.all(session.ports.map(connect))
  client.on("message", (data: Buffer) => {
    const stream = streams.get(data[0] ?? 0)
    if (stream) write(client, stream, data.subarray(1))
  })
  const sent = [...streams].map(([data, stream]) => send(client, data, stream))
  void Promise.all(sent).then(() => client.close(normalClosure))
}

/** Resolves when all of a stream is on its way. A client that does not read holds the stream up. */
async function send(client: WebSocket, number: number, from: Readable): Promise<void> {
  from.on("data", (chunk: Buffer) => {
    const full = client.bufferedAmount > unsentBytesMax
    if (full) from.pause()
    client.send(framed(number, chunk), () => {
      if (full) from.resume()
    })
  })
  // One that has said nothing may be over by now.
  await finished(from, { writable: false }).catch(() => {})
}

/** A process that does not read holds its client up. */
function write(client: WebSocket, into: Writable, bytes: Buffer): void {
  if (into.writable && !into.write(bytes)) {
    client.pause()
    into.once("drain", () => client.resume())
  }
}

function resize(session: ProcessSession, bytes: Buffer): void {
  const size = sizeOf(bytes.toString())
  // The process may have ended by now.
  if (size) session.resize(size.columns, size.rows).catch(() => {})
}

function end(client: WebSocket, status: object | undefined): void {
  if (status) client.send(framed(channel.status, Buffer.from(JSON.stringify(status))))
  client.close(normalClosure)
}

function framed(number: number, bytes: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from([number]), bytes])
}
