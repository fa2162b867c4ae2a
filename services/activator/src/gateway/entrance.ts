import { createServer, type IncomingMessage, type Server } from "node:http"
import { type AddressInfo, createServer as createListener, type Server as Listener, type Socket } from "node:net"
import type { Duplex } from "node:stream"
import { createServer as createSecureListener, type SecureContext, type TLSSocket } from "node:tls"
import type { Clock } from "@wick/sdk/clock"
import { createH2Server, type H2Server, h2Headers } from "./h2-server.ts"
import { CallResponse, type Incoming, type Outgoing } from "./http-call.ts"
import { RequestTurns } from "./request-turns.ts"
import { sniffProtocol } from "./sniff.ts"

/** Who comes in where. */
export interface Door {
  /** Callers inside the cluster, who may ask for hosts that nobody outside sees. */
  readonly isLocal: boolean
  /** Behind TLS. */
  readonly isSecure: boolean
}

export interface Place {
  readonly host: string
  /** 0 takes any free port. */
  readonly port: number
  /** Whether other processes listen there too. */
  readonly reusePort?: boolean
}

/** What is done with those who come in. */
export interface Reception {
  /** By which a host is known behind TLS; without one there is no handshake. */
  certificateOf(host: string): SecureContext | undefined
  /** `rawHeaders` are those of HTTP/1, whatever the client speaks. */
  request(request: Incoming, response: Outgoing, rawHeaders: readonly string[], door: Door): void
  upgrade(request: IncomingMessage, socket: Duplex, first: Buffer, door: Door): void
}

/** Idle connections of clients are kept longer than common load balancers keep theirs (60 s), so that we never race. */
const clientKeepAliveMs = 75_000
const headMaxBytes = 64 * 1024

/** HTTP/1.1, HTTP/2 with prior knowledge and upgrades on the same ports: all that share a door. */
export class Entrance {
  readonly #door: Door
  readonly #reception: Reception
  readonly #clock: Clock
  readonly #headTimeoutMs: number
  readonly #h1: Server<typeof IncomingMessage, typeof CallResponse>
  readonly #h2: H2Server
  readonly #turns = new RequestTurns()
  readonly #listeners: Listener[] = []
  readonly #sockets = new Set<Socket>()

  constructor(door: Door, reception: Reception, clock: Clock, headTimeoutMs: number) {
    this.#door = door
    this.#reception = reception
    this.#clock = clock
    this.#headTimeoutMs = headTimeoutMs
    this.#h1 = createServer({
      ServerResponse: CallResponse,
      // Hosts are checked with the rest of the head, in one pass.
      requireHostHeader: false,
      insecureHTTPParser: false,
      headersTimeout: headTimeoutMs,
      // How exactly that is kept: node looks through its connections this often.
      connectionsCheckingInterval: headTimeoutMs / 2,
      requestTimeout: 0,
      keepAliveTimeout: clientKeepAliveMs,
      maxHeaderSize: headMaxBytes,
    })
    // It never listens itself, but only then does node watch over its connections: that heads come in time, which ones idle.
    this.#h1.emit("listening")
    this.#h1.on("request", (request, response) => {
      if (this.#turns.mustWait(response)) this.#turns.wait(request, response, () => this.#take(request, response))
      else this.#take(request, response)
    })
    this.#h1.on("upgrade", (request, socket, first) => reception.upgrade(request, socket, first, door))
    this.#h2 = createH2Server((request, response) => reception.request(request, response, h2Headers(request), door))
  }

  async listen(place: Place): Promise<AddressInfo> {
    const listener = this.#door.isSecure
      ? this.#secureListener()
      : createListener({ allowHalfOpen: true, noDelay: true }, (socket) => this.#welcome(socket))
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    listener.once("error", reject)
    listener.listen({ ...place, backlog: 4096 }, resolve)
    await promise
    listener.off("error", reject)
    this.#listeners.push(listener)
    return listener.address() as AddressInfo
  }

  /** Takes no new connections; resolves when the last one has ended. */
  async drain(): Promise<void> {
    const closed = this.#listeners.map((listener) => new Promise<void>((resolve) => listener.close(() => resolve())))
    this.#h1.close()
    this.#h2.drain()
    await Promise.all(closed)
  }

  close(): void {
    this.#h1.close()
    for (const listener of this.#listeners) listener.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #take(request: IncomingMessage, response: CallResponse): void {
    this.#reception.request(request, response, request.rawHeaders, this.#door)
  }

  /** The client says by SNI whose certificate it wants, and by ALPN what it speaks. */
  #secureListener(): Listener {
    const listener = createSecureListener(
      {
        allowHalfOpen: true,
        noDelay: true,
        minVersion: "TLSv1.2",
        ALPNProtocols: ["h2", "http/1.1"],
        handshakeTimeout: this.#headTimeoutMs,
        SNICallback: (host, use) => use(null, this.#reception.certificateOf(host)),
      },
      (socket) => this.#welcomeSecure(socket),
    )
    listener.on("connection", (socket) => this.#keep(socket))
    return listener
  }

  #welcomeSecure(socket: TLSSocket): void {
    socket.on("error", () => socket.destroy())
    const server = socket.alpnProtocol === "h2" ? this.#h2.server : this.#h1
    server.emit("connection", socket)
  }

  #keep(socket: Socket): void {
    this.#sockets.add(socket)
    socket.on("close", () => this.#sockets.delete(socket))
    socket.on("error", () => socket.destroy())
  }

  #welcome(socket: Socket): void {
    this.#keep(socket)
    sniffProtocol(socket, this.#clock, this.#headTimeoutMs, (protocol) => {
      const server = protocol === "h2" ? this.#h2.server : this.#h1
      server.emit("connection", socket)
    })
  }
}
