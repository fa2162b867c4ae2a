import { createSocket, type Socket as UdpSocket } from "node:dgram"
import { once } from "node:events"
import { createServer, type Server, type Socket } from "node:net"
import type { Informers } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { Forwarder } from "./forwarder.ts"
import { FrameReader, frame } from "./frame.ts"
import { hostResolvers } from "./host-resolvers.ts"
import { type Aliases, liveNames } from "./live-names.ts"
import { Responder } from "./responder.ts"

/** Connections that may be open at once, and how long one may be silent. */
const connectionsMax = 256
const connectionIdleMs = 10_000
/** Questions that may wait until all services are known; more are dropped, and asked again by their askers. */
const waitingMax = 512

export interface DnsOptions {
  /** Address to listen on: the network's `dnsServer`. */
  readonly host: string
  /** 53 where pods ask; 0 lets the system choose. */
  readonly port?: number
  readonly zone?: string
  readonly aliases?: Aliases | undefined
  readonly informers: Informers
  readonly log: Log
  /** Resolvers for names outside the cluster; absent: the host's. */
  readonly resolvers?: { readonly addresses: () => readonly string[]; readonly port: number }
}

export interface Dns extends AsyncDisposable {
  readonly address: string
  readonly port: number
  /** Resolves when every service is known. Until then a question for an unknown one waits. */
  readonly synced: Promise<unknown>
}

/** Listens on UDP and TCP at the same port. Errors of the system (address in use, not allowed) are thrown as they are. */
export async function startDns(options: DnsOptions): Promise<Dns> {
  const { host, zone = "cluster.local", log } = options
  const names = liveNames(options.informers, options.aliases)
  const { resolvers = { addresses: hostResolvers(host), port: 53 } } = options
  const forwarder = new Forwarder(resolvers.addresses, resolvers.port)
  const responder = new Responder(zone, names, forwarder, log)
  let known = false
  let waiting = 0
  const answer = async (message: Uint8Array, over: "udp" | "tcp"): Promise<Uint8Array | undefined> => {
    if (!known && waiting >= waitingMax) return undefined
    waiting++
    await names.synced
    waiting--
    known = true
    return responder.answer(message, over)
  }
  await using undo = new AsyncDisposableStack()
  const tcp = undo.adopt(createServer(), closeTcp)
  const sockets = serveTcp(tcp, answer)
  undo.defer(() => {
    for (const socket of sockets) socket.destroy()
  })
  tcp.listen(options.port ?? 53, host)
  await once(tcp, "listening")
  const { port } = tcp.address() as { port: number }
  const udp = undo.adopt(createSocket("udp4"), (socket) => void socket.close())
  serveUdp(udp, answer, log)
  udp.bind(port, host)
  await once(udp, "listening")
  const owned = undo.move()
  return { address: host, port, synced: names.synced, [Symbol.asyncDispose]: () => owned.disposeAsync() }
}

type Answerer = (message: Uint8Array, over: "udp" | "tcp") => Promise<Uint8Array | undefined>

function serveUdp(udp: UdpSocket, answer: Answerer, log: Log): void {
  udp.on("error", (error) => log.warn("the DNS socket failed", { error }))
  udp.on("message", async (message, from) => {
    const reply = await answer(message, "udp")
    if (!reply) return
    // A closed socket throws: the server stopped while the answer was on its way.
    try {
      udp.send(reply, from.port, from.address)
    } catch (error) {
      log.debug("an answer came too late", { error })
    }
  })
}

function serveTcp(tcp: Server, answer: Answerer): Set<Socket> {
  const sockets = new Set<Socket>()
  tcp.maxConnections = connectionsMax
  tcp.on("connection", (socket) => {
    sockets.add(socket)
    const reader = new FrameReader()
    socket.setTimeout(connectionIdleMs, () => socket.destroy())
    socket.on("error", () => socket.destroy())
    socket.on("close", () => sockets.delete(socket))
    socket.on("data", async (bytes: Buffer) => {
      for (const message of reader.push(bytes)) {
        const reply = await answer(message, "tcp")
        if (reply && socket.writable) socket.write(frame(reply))
      }
    })
  })
  return sockets
}

function closeTcp(tcp: Server): Promise<void> {
  return new Promise((resolve) => tcp.close(() => resolve()))
}
