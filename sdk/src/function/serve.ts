import type { IncomingMessage, Server, ServerResponse } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { lazyRequest } from "./lazy-request.ts"
import { type Answer, sendAnswer } from "./send-answer.ts"

/**
 * Not imported: to give a module's names to an import Node reads each of them, and one of `node:http`'s loads all of
 * `fetch`, which is half of a small function's start.
 */
const { createServer } = process.getBuiltinModule("node:http")

/** What a handler may know and do beside its request. */
export interface Context {
  /** Aborts when the client leaves before it has its answer. */
  readonly signal: AbortSignal
  /** Address of the peer; behind the platform's gateway the client's is in `x-forwarded-for`. */
  readonly remoteAddress: string
  /** Keeps the instance alive until `work` is done, although the answer has been sent. */
  waitUntil(work: Promise<unknown>): void
}

/** A function: a request in, an answer out. */
export type Handler = (request: Request, context: Context) => Answer | Promise<Answer>

export interface ServeOptions {
  /** `$PORT`, or 8080, unless told. 0: any free one. */
  readonly port?: number
  readonly hostname?: string
  /** Whether SIGTERM and SIGINT drain and then end the process; true unless told. */
  readonly handleSignals?: boolean
}

/** A head that has begun to come when draining begins has this long to be whole; its connection is cut then. */
const lastHeadsMs = 500

/** A function that listens. Disposing of it drains: no new connection, answers under way are finished. */
export interface Serving extends AsyncDisposable {
  readonly port: number
}

/** Listens and hands every request to `handler`. */
export async function serve(handler: Handler, options: ServeOptions = {}): Promise<Serving> {
  const background = new Set<Promise<unknown>>()
  const connections = new Map<Socket, number>()
  let draining = false
  const server = createServer((incoming, outgoing) => {
    const { socket } = incoming
    count(connections, socket, 1)
    outgoing.once("close", () => {
      count(connections, socket, -1)
      // While draining, a connection is closed as soon as its answer is out: its client would keep it open for long.
      if (draining) setImmediate(() => server.closeIdleConnections())
    })
    void answer(handler, incoming, outgoing, background)
  })
  // The gateway reuses connections after long pauses; it, not we, decides when one is over.
  server.keepAliveTimeout = 0
  server.requestTimeout = 0
  server.on("connection", (socket) => {
    connections.set(socket, 0)
    socket.once("close", () => connections.delete(socket))
  })
  const port = options.port ?? Number(process.env.PORT ?? 8080)
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject)
    server.listen(port, options.hostname, resolve)
  })
  const drainOnce = once(() => {
    draining = true
    return drain(server, connections, background)
  })
  if (options.handleSignals !== false) {
    const end = (): void => void drainOnce().then(() => process.exit(0))
    process.on("SIGTERM", end)
    process.on("SIGINT", end)
  }
  return { port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: drainOnce }
}

async function answer(
  handler: Handler,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  background: Set<Promise<unknown>>,
): Promise<void> {
  const context = new RequestContext(incoming, outgoing, background)
  try {
    const given = handler(
      lazyRequest(incoming, () => context.signal),
      context,
    )
    await sendAnswer(outgoing, given instanceof Promise ? await given : given)
  } catch (error) {
    if (context.left) return
    process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`)
    if (outgoing.headersSent) outgoing.destroy()
    else outgoing.writeHead(500, { "content-type": "text/plain" }).end("Internal Server Error\n")
  }
}

class RequestContext implements Context {
  readonly #incoming: IncomingMessage
  readonly #outgoing: ServerResponse
  readonly #background: Set<Promise<unknown>>
  #controller: AbortController | undefined

  constructor(incoming: IncomingMessage, outgoing: ServerResponse, background: Set<Promise<unknown>>) {
    this.#incoming = incoming
    this.#outgoing = outgoing
    this.#background = background
  }

  /** The client has gone before its answer was complete. */
  get left(): boolean {
    return this.#outgoing.destroyed && !this.#outgoing.writableFinished
  }

  get signal(): AbortSignal {
    if (this.#controller) return this.#controller.signal
    const controller = new AbortController()
    this.#controller = controller
    const look = (): void => {
      if (this.left) controller.abort(new DOMException("The client has left", "AbortError"))
    }
    if (this.#outgoing.destroyed) look()
    else this.#outgoing.once("close", look)
    return controller.signal
  }

  get remoteAddress(): string {
    return this.#incoming.socket.remoteAddress ?? ""
  }

  waitUntil(work: Promise<unknown>): void {
    const kept = work.catch((error: unknown) => void process.stderr.write(`${String(error)}\n`))
    this.#background.add(kept)
    void kept.finally(() => this.#background.delete(kept))
  }
}

/** Requests that each connection has under way: a client may send the next one before it has its answer. */
type Connections = Map<Socket, number>

function count(connections: Connections, socket: Socket, more: 1 | -1): void {
  const underWay = connections.get(socket)
  if (underWay !== undefined) connections.set(socket, underWay + more)
}

/**
 * No new connection; idle ones are closed, busy ones after their answer; then the work behind the answers ends. For Node a
 * connection with half a head is busy, and would be for as long as its client likes.
 */
async function drain(server: Server, connections: Connections, background: Set<Promise<unknown>>): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  server.closeIdleConnections()
  const cutting = setInterval(() => {
    for (const [socket, underWay] of connections) if (underWay === 0) socket.destroy()
  }, lastHeadsMs)
  await closed
  clearInterval(cutting)
  await Promise.all(background)
}

function once<Value>(make: () => Value): () => Value {
  let made: { value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}
