import type { WebSocket } from "ws"
import type { KindReference } from "../api/kind.ts"
import { type Status, StatusError } from "../api/meta/status-error.ts"
import type { Client, Reference } from "./client.ts"
import { resourcePath } from "./path.ts"

/** A process in a container, as one who holds its streams sees it. */
export interface Session {
  /** Closing it is the end of the process's input, where the server speaks the fifth version of the protocol. */
  readonly stdin: WritableStream<Uint8Array>
  readonly stdout: ReadableStream<Uint8Array>
  /** Empty with a terminal, which has one stream for both. */
  readonly stderr: ReadableStream<Uint8Array>
  /** The exit code. Rejects when the process could not be run, or the connection was lost. */
  readonly exit: Promise<number>
  /** The terminal has another size now. */
  resize(columns: number, rows: number): void
  /** Lets go of the process; a server may end it then. */
  close(): void
}

export interface AttachOptions {
  /** Needed where the pod has more than one. */
  readonly container?: string
  /** Whether something will be written to `stdin`. */
  readonly stdin?: boolean
  readonly tty?: boolean
  readonly signal?: AbortSignal
}

export interface ExecOptions extends AttachOptions {
  readonly command: readonly string[]
}

/** What a command that has ended printed. */
export interface Ran {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

const pods: KindReference = {
  group: "",
  version: "v1",
  apiVersion: "v1",
  kind: "Pod",
  plural: "pods",
  namespaced: true,
}
/** The fifth differs from the fourth in that an input can end. */
const protocols = ["v5.channel.k8s.io", "v4.channel.k8s.io"]
/** The first byte of a message says which stream it is of. */
const channel = { stdin: 0, stdout: 1, stderr: 2, status: 3, resize: 4, close: 255 } as const

/** Runs a command in a container. */
export function exec(client: Client, reference: Reference, options: ExecOptions): Promise<Session> {
  return open(client, reference, "exec", options, options.command)
}

/** Joins the process that a container runs. */
export function attach(client: Client, reference: Reference, options: AttachOptions = {}): Promise<Session> {
  return open(client, reference, "attach", options, [])
}

/**
 * Runs a command to its end; `input` is what it reads. Where the server speaks only the fourth version of the protocol the
 * input has no end: the command must know by itself when it has read enough.
 */
export async function run(
  client: Client,
  reference: Reference,
  { input, ...options }: Omit<ExecOptions, "tty" | "stdin"> & { readonly input?: string },
): Promise<Ran> {
  const session = await exec(client, reference, { ...options, stdin: input !== undefined })
  const writing = input === undefined ? undefined : new Blob([input]).stream().pipeTo(session.stdin)
  // A command may end before it has read all.
  const written = writing?.catch(() => {})
  const [stdout, stderr, code] = await Promise.all([
    new Response(session.stdout).text(),
    new Response(session.stderr).text(),
    session.exit,
    written,
  ])
  return { code, stdout, stderr }
}

async function open(
  client: Client,
  reference: Reference,
  verb: "exec" | "attach",
  { container, stdin = false, tty = false, signal }: AttachOptions,
  command: readonly string[],
): Promise<Session> {
  const query = new URLSearchParams({ stdout: "true", stderr: String(!tty), stdin: String(stdin), tty: String(tty) })
  if (container !== undefined) query.set("container", container)
  for (const word of command) query.append("command", word)
  const path = `${resourcePath(pods, { ...reference, subresource: verb })}?${query}`
  return sessionOver(await client.openWebSocket(path, protocols, signal))
}

/** The streams of a connection. What nobody reads makes the server wait, and nothing pile up here. */
export function sessionOver(socket: WebSocket): Session {
  const [out, err] = [incoming(socket), incoming(socket)]
  let status: Partial<Status> | undefined
  socket.on("message", (data: Buffer) => {
    const rest = data.subarray(1)
    if (data[0] === channel.stdout) out.push(rest)
    else if (data[0] === channel.stderr) err.push(rest)
    else if (data[0] === channel.status && rest.length > 0) status = JSON.parse(rest.toString()) as Partial<Status>
  })
  const exit = new Promise<number>((resolve, reject) => {
    socket.on("close", () => {
      out.end()
      err.end()
      const ended = exitOf(status)
      if (ended instanceof Error) reject(ended)
      else resolve(ended)
    })
  })
  socket.resume()
  // Who only wants the streams does not ask.
  exit.catch(() => {})
  return {
    stdin: outgoing(socket),
    stdout: out.stream,
    stderr: err.stream,
    exit,
    resize: (columns, rows) => {
      socket.send(framed(channel.resize, Buffer.from(JSON.stringify({ Width: columns, Height: rows }))))
    },
    close: () => socket.close(),
  }
}

/** The exit code that a status tells of, or why there is none. */
export function exitOf(status: Partial<Status> | undefined): number | Error {
  if (!status) return new Error("the connection to the container was lost before its process had ended")
  if (status.status === "Success") return 0
  const code = status.details?.causes?.find(({ reason }) => reason === "ExitCode")?.message
  if (code !== undefined && /^\d+$/.test(code)) return Number(code)
  return StatusError.from(status, status.code ?? 500)
}

/** Bytes that one stream may hold unread before the connection is paused. */
const unreadBytesMax = 1024 * 1024

function incoming(socket: WebSocket) {
  let controller: ReadableStreamDefaultController<Uint8Array> | undefined
  let open = true
  const stream = new ReadableStream<Uint8Array>(
    {
      start: (own) => {
        controller = own
      },
      pull: () => socket.resume(),
      cancel: () => {
        open = false
        socket.resume()
      },
    },
    new ByteLengthQueuingStrategy({ highWaterMark: unreadBytesMax }),
  )
  return {
    stream,
    push: (bytes: Uint8Array): void => {
      if (!open || bytes.length === 0) return
      controller?.enqueue(bytes)
      if ((controller?.desiredSize ?? 1) <= 0) socket.pause()
    },
    end: (): void => {
      if (open) controller?.close()
      open = false
    },
  }
}

function outgoing(socket: WebSocket): WritableStream<Uint8Array> {
  return new WritableStream({
    write: (bytes) =>
      new Promise((resolve, reject) => {
        socket.send(framed(channel.stdin, bytes), (error) => (error ? reject(error) : resolve()))
      }),
    close: () => {
      if (socket.protocol === protocols[0]) socket.send(Buffer.from([channel.close, channel.stdin]))
    },
    abort: () => socket.close(),
  })
}

function framed(to: number, bytes: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([to]), bytes])
}
