import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import type { MemberId, Message, MessageOf } from "#raft"
import { type Connect, NotSentError, type StateSource, type Transport, type TransportHandler } from "#replication"
import { MalformedError } from "#store"
import { Acceptor, type AcceptorOptions } from "./acceptor.ts"
import { CallAnswers } from "./call-answers.ts"
import type { Connection } from "./connection.ts"
import { type Dialling, dial } from "./dial.ts"
import { type Frame, frameHeadSize } from "./frame.ts"
import type { Hello } from "./greeting.ts"
import type { PeerTls } from "./identity.ts"
import { type PeerTimes, peerTimes } from "./limits.ts"
import { decodeMessage, encodeMessage } from "./message-codec.ts"
import { Peer } from "./peer.ts"
import { type CountPeer, countPeers } from "./peer-metrics.ts"
import { SnapshotReceiver } from "./snapshot-receiver.ts"
import { sendSnapshot } from "./snapshot-sender.ts"

export interface PeersOptions {
  /** This member. */
  readonly id: MemberId
  readonly host: string
  /** 0: any that is free. */
  readonly port: number
  readonly tls: PeerTls
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics?: Metrics
  readonly times?: Partial<PeerTimes>
}

export interface PeerDoor {
  /** Where peers reach this member, as far as it knows. */
  readonly url: string
  /** Once. Whoever calls before is told that this member is starting. */
  readonly connect: Connect
  /** For who did not come as far as to connect. */
  close(): Promise<void>
}

/** Listens for peers. */
export async function openPeerDoor(options: PeersOptions): Promise<PeerDoor> {
  const times = { ...peerTimes, ...options.times }
  const { id, host, port, tls, log } = options
  const acceptorOptions: AcceptorOptions = { own: id, host, port, tls, log, times }
  const acceptor = await Acceptor.listen(acceptorOptions)
  return {
    url: acceptor.url,
    connect: (handler) => new PeerTransport({ ...options, times, acceptor, handler }),
    close: () => acceptor.close(),
  }
}

interface Parts extends Omit<PeersOptions, "times"> {
  readonly times: PeerTimes
  readonly acceptor: Acceptor
  readonly handler: TransportHandler
}

class PeerTransport implements Transport {
  readonly #parts: Parts
  readonly #dialling: Dialling
  readonly #count: CountPeer
  readonly #receiver: SnapshotReceiver
  readonly #closing = new AbortController()
  readonly #peers = new Map<MemberId, Peer>()
  readonly #incoming = new Map<Connection, MemberId>()
  /** Were members and are none any more. */
  readonly #removed = new Set<MemberId>()

  constructor(parts: Parts) {
    this.#parts = parts
    const { id: own, tls, clock, times, handler, metrics } = parts
    this.#dialling = { own, tls, clock, dialMs: times.dialMs }
    this.#count = countPeers(metrics, own)
    this.#receiver = new SnapshotReceiver({ own, handler, clock, count: this.#count })
    parts.acceptor.admit((connection, hello) => this.#admit(connection, hello))
  }

  send(message: Message): void {
    this.#peers.get(message.to)?.send(message)
  }

  async sendSnapshot(message: MessageOf<"snapshot">, state: StateSource, signal: AbortSignal): Promise<void> {
    const { clock, random, times } = this.#parts
    const counts = this.#count(message.to)
    const startMs = clock.monotonic()
    try {
      await sendSnapshot({
        transfer: random.below(2 ** 48),
        message: encodeMessage(message),
        state,
        signal: AbortSignal.any([signal, this.#closing.signal]),
        // The peer may have moved since the last attempt.
        dial: (aborted) => dial(this.#peer(message.to).url, message.to, "snapshot", this.#dialling, aborted),
        clock,
        times,
      })
      counts.snapshotSent((clock.monotonic() - startMs) / 1000)
    } catch (error) {
      counts.snapshotSent("failed")
      throw error
    }
  }

  async call(to: MemberId, request: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return this.#peer(to).call(request, timeoutMs)
  }

  setPeers(peers: ReadonlyMap<MemberId, string>): void {
    const { id: own, clock, random, times, log } = this.#parts
    for (const [id, peer] of this.#peers) {
      if (peers.get(id) === peer.url) continue
      peer.close()
      this.#peers.delete(id)
      if (!peers.has(id)) this.#remove(id)
    }
    if (this.#closing.signal.aborted) return
    for (const [id, url] of peers) {
      this.#removed.delete(id)
      if (id === own || this.#peers.has(id)) continue
      const dialling = this.#dialling
      this.#peers.set(id, new Peer({ id, url, dialling, clock, random, times, log, counts: this.#count(id) }))
    }
  }

  async close(): Promise<void> {
    this.#closing.abort(new Error("this member is being closed"))
    for (const peer of this.#peers.values()) peer.close()
    this.#peers.clear()
    await this.#parts.acceptor.close()
    await this.#receiver.close()
  }

  #peer(id: MemberId): Peer {
    const peer = this.#peers.get(id)
    if (peer === undefined) throw new NotSentError(`member ${id} is not a peer of this one`)
    return peer
  }

  #remove(id: MemberId): void {
    this.#removed.add(id)
    const { clock, times } = this.#parts
    clock.timer(times.farewellMs, () => {
      if (!this.#removed.has(id)) return
      for (const [connection, from] of this.#incoming) {
        if (from === id) connection.close(new Error(`member ${id} is a member no more`))
      }
    })
  }

  /** Whether who is known by its certificate is a member now is Raft's to say; only who was removed is turned away. */
  #admit(connection: Connection, { lane, from }: Hello): string | ((frame: Frame) => void) {
    if (this.#removed.has(from)) return `member ${from} was removed from the cluster`
    const counts = this.#count(from)
    this.#incoming.set(connection, from)
    connection.onLost((error) => {
      this.#incoming.delete(connection)
      if (error.cause instanceof MalformedError) {
        counts.receiveFailed()
        this.#parts.log.error("a peer sent what is not understood", { member: from, because: error.message })
      }
    })
    if (lane === "snapshot") return this.#receiver.accept(connection, from)
    const answers = new CallAnswers(connection, (request) => this.#parts.handler.onCall(from, request))
    return ({ kind, payload }) => {
      counts.received(frameHeadSize + payload.length)
      if (kind === "message") this.#received(from, payload)
      else if (kind === "call") answers.called(payload)
      else throw new MalformedError(`${kind} where messages and calls come`)
    }
  }

  #received(from: MemberId, payload: Buffer): void {
    const message = decodeMessage(payload)
    if (message.from !== from || message.to !== this.#parts.id) {
      throw new MalformedError(`message of member ${message.from} to ${message.to} from member ${from}`)
    }
    this.#parts.handler.onMessage(message)
  }
}
