import { once } from "node:events"
import type { AddressInfo, Socket } from "node:net"
import { createServer, type Server, type TLSSocket } from "node:tls"
import { hostPort } from "@wick/sdk/host-port"
import type { Log } from "@wick/sdk/log"
import type { MemberId } from "#raft"
import { Connection } from "./connection.ts"
import { protocol } from "./dial.ts"
import type { Frame } from "./frame.ts"
import { decodeHello, type Hello } from "./greeting.ts"
import { memberOf, type PeerTls } from "./identity.ts"
import { connectionsMax, type PeerTimes } from "./limits.ts"

export interface AcceptorOptions {
  readonly own: MemberId
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly tls: PeerTls
  readonly times: PeerTimes
  readonly log: Log
}

/** Takes a connection whose other end is known: returns why not, or what becomes of its frames. */
export type Admit = (connection: Connection, hello: Hello) => string | ((frame: Frame) => void)

/**
 * Where peers connect. Nobody gets past the handshake without a certificate of the authority, nor past the greeting
 * without being whom the certificate names and wanting whom this member is.
 */
export class Acceptor {
  readonly #options: AcceptorOptions
  readonly #server: Server
  readonly #connections = new Set<Connection>()
  /** All that are open, those whose handshake is not done too. */
  readonly #sockets = new Set<Socket>()
  #admit: Admit = () => "this member is starting"

  private constructor(options: AcceptorOptions) {
    this.#options = options
    const { tls, times, log } = options
    this.#server = createServer({
      cert: tls.certificatePem,
      key: tls.privateKeyPem,
      ca: tls.authorityPem,
      requestCert: true,
      rejectUnauthorized: true,
      minVersion: "TLSv1.3",
      ALPNProtocols: [protocol],
      handshakeTimeout: times.quietMs,
    })
    this.#server.maxConnections = connectionsMax
    this.#server.on("connection", (socket) => {
      this.#sockets.add(socket)
      socket.once("close", () => this.#sockets.delete(socket))
    })
    this.#server.on("secureConnection", (socket) => this.#connected(socket))
    this.#server.on("tlsClientError", (error, socket) => {
      log.warn("refused who is no peer", {
        from: socket.remoteAddress ?? "somebody who is gone",
        because: error.message,
      })
    })
  }

  static async listen(options: AcceptorOptions): Promise<Acceptor> {
    const acceptor = new Acceptor(options)
    acceptor.#server.listen(options.port, options.host)
    await once(acceptor.#server, "listening")
    return acceptor
  }

  get url(): string {
    const { address, port } = this.#server.address() as AddressInfo
    return `https://${hostPort(address, port)}`
  }

  admit(admit: Admit): void {
    this.#admit = admit
  }

  async close(): Promise<void> {
    const closed = once(this.#server, "close")
    this.#server.close()
    for (const connection of this.#connections) connection.close(new Error("this member is being closed"))
    for (const socket of this.#sockets) socket.destroy() // nobody is waited for who has not come as far as to be known
    await closed
  }

  #connected(socket: TLSSocket): void {
    const peer = memberOf(socket.getPeerCertificate())
    const connection = new Connection(socket, (frame) => this.#greeted(connection, peer, frame))
    this.#connections.add(connection)
    connection.onLost(() => this.#connections.delete(connection))
    connection.expectWithin(this.#options.times.quietMs)
  }

  #greeted(connection: Connection, peer: MemberId | undefined, { kind, payload }: Frame): void {
    const admitted = kind === "hello" ? this.#judge(connection, peer, payload) : `${kind} came before a greeting`
    if (typeof admitted === "string") {
      this.#options.log.warn("refused a peer", { peer: peer ?? "unknown", because: admitted })
      connection.handTo(() => {})
      connection.end("refused", Buffer.from(admitted), new Error(admitted))
      return
    }
    connection.send("welcome", new Uint8Array(0))
    connection.handTo((frame) => (frame.kind === "ping" ? connection.send("pong", frame.payload) : admitted(frame)))
  }

  #judge(connection: Connection, peer: MemberId | undefined, payload: Buffer): ReturnType<Admit> {
    try {
      const hello = decodeHello(payload)
      if (peer === undefined) return "the certificate names no member"
      if (hello.from !== peer) return `the certificate is that of member ${peer}, not of ${hello.from}`
      if (hello.to !== this.#options.own) return `this is member ${this.#options.own}, not ${hello.to}`
      return this.#admit(connection, hello)
    } catch (error) {
      return (error as Error).message
    }
  }
}
