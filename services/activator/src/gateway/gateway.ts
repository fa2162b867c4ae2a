import { createServer, type IncomingMessage, type Server } from "node:http"
import { type AddressInfo, createServer as createListener, type Server as Listener, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import type { Clock } from "@wick/sdk/clock"
import type { Backend } from "../backend/backend.ts"
import { H2Call } from "./h2-call.ts"
import { createH2Server, h2Headers } from "./h2-server.ts"
import { HeldHeads } from "./held-heads.ts"
import { CallResponse, HttpCall, type Incoming, type Outgoing } from "./http-call.ts"
import { answerProbe, type ProbeAnswer } from "./network-probe.ts"
import { answerWith, refuseWith } from "./refusal.ts"
import { type RequestHead, requestHead } from "./request-head.ts"
import { sniffProtocol } from "./sniff.ts"
import { refuseUpgrade, UpgradeCall } from "./upgrade-call.ts"

/** What a request needs of its surroundings. */
export interface GatewayWorld {
  readonly clock: Clock
  readonly heads: HeldHeads
  /** About to be shut down: connections are closed after their answer. */
  draining: boolean
}

export interface GatewayRouting {
  /** The backend for the next request to this host, as far as it is known. */
  choose(host: string): Backend | undefined
  /** Resolves when the routing knows everything that the API server knew when it was called. */
  caughtUp(): Promise<void>
}

export interface GatewayOptions {
  readonly host: string
  readonly port: number
  readonly reusePort: boolean
}

/** A client has this long to send a request's head; a body may take as long as the revision's timeout allows. */
const headTimeoutMs = 60_000
/** Idle connections of clients are kept longer than common load balancers keep theirs (60 s), so that we never race. */
const clientKeepAliveMs = 75_000
const headMaxBytes = 64 * 1024

/** The port that clients see: HTTP/1.1, HTTP/2 with prior knowledge and upgrades on one listener. */
export class Gateway implements AsyncDisposable {
  readonly #routing: GatewayRouting
  readonly #world: GatewayWorld
  readonly #h1: Server<typeof IncomingMessage, typeof CallResponse>
  readonly #h2: ReturnType<typeof createH2Server>
  readonly #listener: Listener
  readonly #sockets = new Set<Socket>()

  constructor(routing: GatewayRouting, clock: Clock) {
    this.#routing = routing
    this.#world = { clock, heads: new HeldHeads(), draining: false }
    this.#h1 = createServer({
      ServerResponse: CallResponse,
      // Hosts are checked with the rest of the head, in one pass.
      requireHostHeader: false,
      insecureHTTPParser: false,
      headersTimeout: headTimeoutMs,
      requestTimeout: 0,
      keepAliveTimeout: clientKeepAliveMs,
      maxHeaderSize: headMaxBytes,
    })
    this.#h1.on("request", (request, response) => this.#handle(request, response, request.rawHeaders))
    this.#h1.on("upgrade", (request, socket, head) => this.#upgrade(request, socket, head))
    this.#h2 = createH2Server((request, response) => this.#handle(request, response, h2Headers(request)))
    this.#listener = createListener({ allowHalfOpen: true, noDelay: true }, (socket) => this.#welcome(socket))
  }

  async listen(options: GatewayOptions): Promise<AddressInfo> {
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#listener.once("error", reject)
    this.#listener.listen({ ...options, backlog: 4096 }, resolve)
    await promise
    this.#listener.off("error", reject)
    return this.#listener.address() as AddressInfo
  }

  /** Asks clients to take their next requests elsewhere, and goes on serving. */
  retire(): void {
    this.#world.draining = true
  }

  /** Takes no new connections; resolves when the last request has been answered or `limitMs` has passed. */
  async drain(limitMs: number): Promise<void> {
    this.#world.draining = true
    const closed = new Promise<void>((resolve) => this.#listener.close(() => resolve()))
    this.#h1.closeIdleConnections()
    this.#h2.drain()
    await Promise.race([closed, this.#world.clock.sleep(limitMs)])
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #welcome(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on("close", () => this.#sockets.delete(socket))
    socket.on("error", () => socket.destroy())
    sniffProtocol(socket, this.#world.clock, headTimeoutMs, (protocol) => {
      const server = protocol === "h2" ? this.#h2.server : this.#h1
      server.emit("connection", socket)
    })
  }

  #handle(request: Incoming, response: Outgoing, rawHeaders: readonly string[]): void {
    const head = requestHead(rawHeaders, clientAddress(request.socket), false)
    if (head === undefined) {
      refuseWith(response, 400, "the request's headers contradict each other")
      return
    }
    if (head.probe !== "") {
      this.#probed(head, (answer) => answerWith(response, answer))
      return
    }
    const admit = (backend: Backend): void => {
      if (backend.spec.protocol === "h2c") backend.admit(new H2Call(request, response, head, this.#world))
      else backend.admit(new HttpCall(request, response, head, this.#world))
    }
    const backend = this.#routing.choose(head.host)
    if (backend !== undefined) admit(backend)
    else this.#lookAgain(head.host, admit, () => refuseWith(response, 404, `no route for host ${head.host}`))
  }

  #upgrade(request: IncomingMessage, socket: Duplex, first: Buffer): void {
    const head = requestHead(request.rawHeaders, clientAddress(request.socket), false)
    if (head === undefined) {
      refuseUpgrade(socket, 400, "the request's headers contradict each other")
      return
    }
    const admit = (backend: Backend): void =>
      backend.admit(new UpgradeCall({ request, socket, first, head }, this.#world))
    const backend = this.#routing.choose(head.host)
    if (backend !== undefined) admit(backend)
    else this.#lookAgain(head.host, admit, () => refuseUpgrade(socket, 404, `no route for host ${head.host}`))
  }

  /** Asked by a part of the platform; nothing of it is counted or reaches an application. */
  #probed({ host, probe, probeHash }: RequestHead, answer: (given: ProbeAnswer) => void): void {
    const judge = (backend: Backend | undefined): void => answer(answerProbe(probe, probeHash, host, backend))
    const backend = this.#routing.choose(host)
    if (backend !== undefined) judge(backend)
    else this.#lookAgain(host, judge, () => judge(undefined))
  }

  /** A host may be new: only when the routes are known to be as new as the request does "unknown" mean that. */
  #lookAgain(host: string, found: (backend: Backend) => void, unknown: () => void): void {
    const again = (): void => {
      const backend = this.#routing.choose(host)
      if (backend !== undefined) found(backend)
      else unknown()
    }
    this.#routing.caughtUp().then(again, again)
  }
}

function clientAddress(socket: { remoteAddress?: string | undefined } | undefined): string {
  const address = socket?.remoteAddress ?? "unknown"
  return address.startsWith("::ffff:") ? address.slice(7) : address
}
