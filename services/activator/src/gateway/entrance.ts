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
/** A head that has begun to come when draining begins has this long to be whole; its connection is cut then. */
const lastHeadsMs = 1_000

/** Node notes on a connection of HTTP/1.1 which answer it is for at the moment; nothing between two requests. */
interface AnsweringSocket extends Socket {
  readonly _httpMessage?: unknown
}

/** And on one of TLS what it goes over. */
interface ShieldedSocket extends TLSSocket {
  readonly _parent: Socket
}

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
  /** Those that have not said yet what they speak, or by which keys. */
  readonly #silent = new Set<Socket>()
  /** Those that speak HTTP/1.1, and have not been upgraded to something else. */
  readonly #speakers = new Set<AnsweringSocket>()

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
    this.#h1.on("upgrade", (request, socket, first) => {
      this.#speakers.delete(socket as Socket)
      reception.upgrade(request, socket, first, door)
    })
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
    const cutting = this.#clock.timer(lastHeadsMs, () => this.#cutUnasked())
    await Promise.all(closed)
    cutting.cancel()
  }

  /** Of connections without a request nobody knows how long they would take to make one. */
  #cutUnasked(): void {
    for (const socket of this.#silent) socket.destroy()
    for (const socket of this.#speakers) if (!socket._httpMessage) socket.destroy()
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
      (socket) => this.#welcomeSecure(socket as ShieldedSocket),
    )
    listener.on("connection", (socket) => {
      this.#keep(socket)
      note(this.#silent, socket)
    })
    return listener
  }

  #welcomeSecure(socket: ShieldedSocket): void {
    this.#silent.delete(socket._parent)
    socket.on("error", () => socket.destroy())
    this.#hand(socket, socket.alpnProtocol === "h2" ? "h2" : "h1")
  }

  #hand(socket: Socket, protocol: "h1" | "h2"): void {
    if (protocol === "h1") note(this.#speakers, socket)
    const server = protocol === "h2" ? this.#h2.server : this.#h1
    server.emit("connection", socket)
  }

  #keep(socket: Socket): void {
    note(this.#sockets, socket)
    socket.on("error", () => socket.destroy())
  }

  #welcome(socket: Socket): void {
    this.#keep(socket)
    note(this.#silent, socket)
    sniffProtocol(socket, this.#clock, this.#headTimeoutMs, (protocol) => {
      this.#silent.delete(socket)
      this.#hand(socket, protocol)
    })
  }
}

/** For as long as it is open. */
function note(sockets: Set<Socket>, socket: Socket): void {
  sockets.add(socket)
  socket.once("close", () => sockets.delete(socket))
}
