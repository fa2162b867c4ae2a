import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { finished } from "node:stream/promises"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { assert } from "@wick/sdk/assert"
import type { Log } from "@wick/sdk/log"
import type { ProcessSession, SessionTarget, StreamRequest, StreamSession } from "../../runtime/runtime.ts"
import { endOf, sizeOf } from "../session-end.ts"
import { SpdyConnection, type SpdyStream } from "./connection.ts"

export interface SpdySession {
  readonly target: SessionTarget
  readonly wanted: StreamRequest
  readonly log: Log
}

/** The fourth differs from those before it in that it tells exit codes; kubectl has known it since 1.4. */
const commandProtocol = "v4.channel.k8s.io"
const portProtocol = "portforward.k8s.io"
/** A client says at once which streams it wants; one that does not is no client of ours. */
const streamsMsMax = 30_000

/**
 * Speaks the SPDY protocol of exec, attach and port-forward with a client, for a runtime that has only streams: a stream
 * of SPDY is one of a process, or half of a connection to a port, as its headers say.
 */
export function serveSpdySession(session: SpdySession, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  if (request.headers.upgrade?.toLowerCase() !== "spdy/3.1") {
    throw new StatusError("BadRequest", "upgrade to websocket or SPDY/3.1")
  }
  const protocol = session.wanted.kind === "port-forward" ? portProtocol : commandProtocol
  const offered = String(request.headers["x-stream-protocol-version"] ?? "").split(/, */)
  if (!offered.includes(protocol)) {
    throw new StatusError("Forbidden", `of protocols only ${protocol} is spoken here, not ${offered.join(", ")}`)
  }
  const lines = ["Connection: Upgrade", "Upgrade: SPDY/3.1", `X-Stream-Protocol-Version: ${protocol}`]
  socket.write(`HTTP/1.1 101 Switching Protocols\r\n${lines.join("\r\n")}\r\n\r\n`)
  serveSpdyStreams(session, socket, head)
}

/** What follows when it is agreed that SPDY is spoken. */
export function serveSpdyStreams(session: SpdySession, socket: Duplex, head: Buffer): void {
  if (session.wanted.kind === "port-forward") servePorts(session, socket, head)
  else serveProcess(session, session.wanted.streams, socket, head)
}

type Streams = Extract<StreamRequest, { kind: "exec" }>["streams"]

/** Begins when all streams are there that the request speaks of, and one for how it ends. */
function serveProcess({ target, log }: SpdySession, wanted: Streams, socket: Duplex, head: Buffer): void {
  const missing = new Set(["error", ...(["stdin", "stdout", "stderr"] as const).filter((name) => wanted[name])])
  if (wanted.tty) missing.add("resize")
  const streams = new Map<string, SpdyStream>()
  const late = setTimeout(() => socket.destroy(), streamsMsMax)
  socket.on("close", () => clearTimeout(late))
  const connection = new SpdyConnection(socket, head, (stream) => {
    const type = stream.headers.get("streamtype") ?? ""
    if (!missing.delete(type)) return void stream.destroy()
    streams.set(type, stream)
    if (missing.size > 0) return
    clearTimeout(late)
    void begin()
  })
  const begin = async (): Promise<void> => {
    let told: object
    try {
      const session = await target.start()
      assert(session.kind === "process", "what was asked for is a process")
      told = await joinProcess(session, streams, socket)
    } catch (error) {
      log.debug("a session in a container cannot begin", { error })
      told = new StatusError("InternalError", (error as Error).message).toStatus()
    }
    streams.get("error")?.write(JSON.stringify(told))
    for (const stream of streams.values()) stream.end()
    await Promise.all([...streams.values()].map((stream) => finished(stream, { readable: false }).catch(() => {})))
    connection.close()
  }
}

/** Resolves with how the process has ended, when all that it has said is on its way. */
async function joinProcess(
  session: ProcessSession,
  streams: ReadonlyMap<string, SpdyStream>,
  socket: Duplex,
): Promise<object> {
  const close = (): void => void session.close()
  if (socket.destroyed) close()
  socket.on("close", close)
  const input = streams.get("stdin")
  if (session.stdin) input?.pipe(session.stdin)
  else input?.resume()
  session.stdin?.on("error", () => input?.resume())
  followSize(session, streams.get("resize"))
  const outputs = (["stdout", "stderr"] as const).map(async (name) => {
    const from = session[name]
    const to = streams.get(name)
    if (!to) return void from?.resume()
    from?.pipe(to)
    // One that the client wants no more of does not hold the process up.
    to.on("close", () => from?.resume())
    if (from) await finished(from, { writable: false }).catch(() => {})
    to.end()
  })
  const code = await session.ended
  await Promise.all(outputs)
  return endOf(code)
}

/** A size after the other, a line each. */
function followSize(session: ProcessSession, sizes: SpdyStream | undefined): void {
  let rest = ""
  sizes?.on("data", (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split("\n")
    rest = lines.pop() ?? ""
    for (const line of lines) {
      const size = sizeOf(line)
      // The process may have ended by now.
      if (size) session.resize(size.columns, size.rows).catch(() => {})
    }
  })
}

/** A connection has two streams with the same number: what goes to and fro, and why it went wrong. */
function servePorts({ target, log }: SpdySession, socket: Duplex, head: Buffer): void {
  const halves = new Map<string, SpdyStream>()
  const starting = target.start()
  const opened = starting.catch(() => undefined)
  socket.on("close", () => void opened.then((session) => session?.close()))
  new SpdyConnection(socket, head, (stream) => {
    const number = stream.headers.get("requestid") ?? ""
    const other = halves.get(number)
    if (!other) {
      halves.set(number, stream)
      stream.on("close", () => halves.delete(number))
      return
    }
    halves.delete(number)
    const isData = stream.headers.get("streamtype") === "data"
    const [data, error] = isData ? [stream, other] : [other, stream]
    void starting
      .then((session) => joinPort(session, data, error))
      .catch((problem: Error) => {
        log.debug("a port of a pod cannot be reached", { error: problem })
        error.end(problem.message)
        data.destroy()
      })
  })
}

async function joinPort(session: StreamSession, data: SpdyStream, error: SpdyStream): Promise<void> {
  assert(session.kind === "ports", "what was asked for are ports")
  const port = Number(data.headers.get("port"))
  const connection = await session.connect(port)
  connection.on("error", ({ message }) => error.write(`error forwarding port ${port}: ${message}`))
  connection.on("close", () => {
    data.end()
    error.end()
    data.resume()
  })
  data.on("close", () => connection.destroy())
  if (data.destroyed) connection.destroy()
  error.resume()
  data.pipe(connection)
  connection.pipe(data)
}
