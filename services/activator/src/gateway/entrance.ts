import { type AddressInfo, createServer as createListener, type Server as Listener, type Socket } from "node:net"
import { setImmediate } from "node:timers/promises"
import { createServer as createSecureListener, type SecureContext, type TLSSocket } from "node:tls"
import type { Clock, Timer } from "@wick/sdk/clock"
import { HttpDate } from "../http1/http-date.ts"
import { type Callee, ServerConnection } from "../http1/server-connection.ts"
import type { ServerRequest } from "../http1/server-request.ts"
import type { ClientLimit } from "./client-limit.ts"
import { createH2Server, type H2Server, h2Headers } from "./h2-server.ts"
import type { Incoming, Outgoing } from "./http-call.ts"
import { answerSocket, plain } from "./own-answer.ts"
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
  upgrade(request: ServerRequest, protocol: string, socket: Socket, first: Buffer, door: Door): void
}

export interface EntranceWorld {
  readonly clock: Clock
  readonly headTimeoutMs: number
  /** Of all entrances together. */
  readonly clients: ClientLimit
}

/** A head that has begun to come when draining begins has this long to be whole; its connection is cut then. */
const lastHeadsMs = 1_000
/** So many idle connections are closed between two looks at what has come: the fewer, the less can have come unseen. */
const closedAtOnce = 16

/** Node notes on a connection of TLS what it goes over. */
interface ShieldedSocket extends TLSSocket {
  readonly _parent: Socket
}

/** HTTP/1.1, HTTP/2 with prior knowledge and upgrades on the same ports: all that share a door. */
export class Entrance {
  readonly #door: Door
  readonly #reception: Reception
  readonly #clock: Clock
  readonly #headTimeoutMs: number
  readonly #clients: ClientLimit
  readonly #callee: Callee
  readonly #h2: H2Server
  readonly #listeners: Listener[] = []
  readonly #sockets = new Set<Socket>()
  /** Those that have not said yet what they speak, or by which keys. */
  readonly #silent = new Set<Socket>()
  /** Those that speak HTTP/1.1, and have not been upgraded to something else. */
  readonly #speakers = new Map<Socket, ServerConnection>()
  #looking: Timer | undefined
  #isDraining = false

  constructor(door: Door, reception: Reception, { clock, headTimeoutMs, clients }: EntranceWorld) {
    this.#door = door
    this.#reception = reception
    this.#clock = clock
    this.#headTimeoutMs = headTimeoutMs
    this.#clients = clients
    this.#callee = this.#calleeOf(reception)
    this.#h2 = createH2Server((request, response) => reception.request(request, response, h2Headers(request), door))
    this.#lookAgain()
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
    // One client that could not be taken in is no reason to leave the others.
    listener.on("error", () => {})
    this.#listeners.push(listener)
    return listener.address() as AddressInfo
  }

  /** Takes no new connections; resolves when the last one has ended. */
  async drain(): Promise<void> {
    const closed = this.#listeners.map((listener) => new Promise<void>((resolve) => listener.close(() => resolve())))
    this.#isDraining = true
    this.#h2.drain()
    const cutting = this.#clock.timer(lastHeadsMs, () => this.#cutUnasked())
    await this.#closeIdle()
    await Promise.all(closed)
    cutting.cancel()
  }

  /** A request that has come is answered: each is closed just after what it may have said was read. */
  async #closeIdle(): Promise<void> {
    const sockets = [...this.#speakers.keys()]
    for (let at = 0; at < sockets.length; at += closedAtOnce) {
      await setImmediate()
      for (const socket of sockets.slice(at, at + closedAtOnce)) this.#speakers.get(socket)?.closeIfIdle()
    }
  }

  /** Of connections without a request nobody knows how long they would take to make one. */
  #cutUnasked(): void {
    for (const socket of this.#silent) socket.destroy()
    for (const [socket, connection] of this.#speakers) if (connection.isUnasked) socket.destroy()
  }

  close(): void {
    this.#looking?.cancel()
    for (const listener of this.#listeners) listener.close()
    for (const socket of this.#sockets) socket.destroy()
  }

  #calleeOf(reception: Reception): Callee {
    return {
      clock: this.#clock,
      date: new HttpDate(this.#clock),
      headTimeoutMs: this.#headTimeoutMs,
      isClosing: () => this.#isDraining,
      request: (request, response) => reception.request(request, response, request.rawHeaders, this.#door),
      upgrade: (request, protocol, socket, first) => {
        this.#speakers.delete(socket)
        reception.upgrade(request, protocol, socket, first, this.#door)
      },
      refuse: (socket, status, text) => {
        answerSocket(socket, plain(status, text))
        socket.destroySoon()
      },
    }
  }

  /** Ends those who take too long to ask. */
  #lookAgain(): void {
    this.#looking = this.#clock.timer(this.#headTimeoutMs / 2, () => {
      for (const connection of this.#speakers.values()) connection.endIfOverdue()
      this.#lookAgain()
    })
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
      if (this.#clients.admit(socket)) note(this.#silent, socket)
      else socket.destroy()
    })
    return listener
  }

  #welcomeSecure(socket: ShieldedSocket): void {
    this.#silent.delete(socket._parent)
    socket.on("error", () => socket.destroy())
    this.#hand(socket, socket.alpnProtocol === "h2" ? "h2" : "h1")
  }

  #hand(socket: Socket, protocol: "h1" | "h2"): void {
    if (protocol === "h2") {
      this.#h2.server.emit("connection", socket)
      return
    }
    this.#speakers.set(socket, new ServerConnection(socket, this.#callee))
    socket.once("close", () => this.#speakers.delete(socket))
  }

  #keep(socket: Socket): void {
    note(this.#sockets, socket)
    socket.on("error", () => socket.destroy())
  }

  #welcome(socket: Socket): void {
    this.#keep(socket)
    if (!this.#clients.admit(socket)) {
      this.#callee.refuse(socket, 503, `the gateway has as many connections as it may have, ${this.#clients.max}`)
      return
    }
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
