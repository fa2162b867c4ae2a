import { mkdtemp, rm } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { createMetrics, type Metrics } from "@wick/sdk/metrics"
import { openPki } from "#pki"
import type { MemberId, Message, MessageOf } from "#raft"
import type { StateSource, Transport, TransportHandler } from "#replication"
import { memberName, openPeerDoor, type PeersOptions, type PeerTls } from "../index.ts"

/** Times of tests: nobody waits for seconds. */
const times = { dialMs: 1000, pingMs: 100, backoffMinMs: 5, backoffMaxMs: 20, farewellMs: 100 }

/** An authority of members, in a directory of its own. */
export class Authority implements AsyncDisposable {
  readonly directory: string

  private constructor(directory: string) {
    this.directory = directory
  }

  static async make(): Promise<Authority> {
    return new Authority(await mkdtemp(join(tmpdir(), "wick-peers-")))
  }

  async credential(name: string): Promise<PeerTls> {
    const options = { serverNames: [], clusterDomain: "cluster.local", clock: systemClock, log: silentLog }
    return (await openPki({ directory: join(this.directory, "pki"), ...options })).peer(name)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.directory, { recursive: true, force: true })
  }
}

/** A member that keeps what it is told, and answers calls with what it is asked. */
export class TestMember implements TransportHandler, AsyncDisposable {
  readonly id: MemberId
  readonly metrics: Metrics
  readonly messages: Message[] = []
  readonly states: { readonly message: MessageOf<"snapshot">; readonly bytes: Buffer }[] = []
  transport!: Transport
  url = ""
  answer: (request: Uint8Array, from: MemberId) => Promise<Uint8Array> = async (request) => request
  takeIn: () => Promise<void> = async () => {}
  /** Whether it lacks what it is sent. */
  needs = true
  /** Bytes of a state after which there is no space for more. */
  takesAtMost = Number.POSITIVE_INFINITY
  /** Bytes of the present state that it has taken. */
  taken = 0
  #wakes: (() => void)[] = []

  private constructor(id: MemberId) {
    this.id = id
    this.metrics = createMetrics({ process: false })
  }

  static async start(authority: Authority, id: MemberId, more: Partial<PeersOptions> = {}): Promise<TestMember> {
    const member = new TestMember(id)
    const door = await openPeerDoor({
      id,
      host: "127.0.0.1",
      port: 0,
      tls: more.tls ?? (await authority.credential(memberName(id))),
      clock: systemClock,
      random: systemRandom,
      log: silentLog,
      metrics: member.metrics,
      times,
      ...more,
    })
    member.url = door.url
    member.transport = door.connect(member)
    return member
  }

  onMessage(message: Message): void {
    this.messages.push(message)
    this.#wake()
  }

  async onSnapshot(message: MessageOf<"snapshot">, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    if (!this.needs) return
    const read: Uint8Array[] = []
    this.taken = 0
    for await (const chunk of chunks) {
      read.push(chunk)
      this.taken += chunk.length
      if (this.taken > this.takesAtMost) throw new Error("disk full")
    }
    await this.takeIn()
    this.states.push({ message, bytes: Buffer.concat(read) })
    this.#wake()
  }

  onCall(from: MemberId, request: Uint8Array): Promise<Uint8Array> {
    return this.answer(request, from)
  }

  /** Resolves once that many messages have come. */
  async received(count: number): Promise<readonly Message[]> {
    while (this.messages.length < count) await new Promise<void>((resolve) => this.#wakes.push(resolve))
    return this.messages
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.transport.close()
  }

  #wake(): void {
    for (const wake of this.#wakes.splice(0)) wake()
  }
}

/** Two members that know each other; the first reaches the second at `url` if that is given. */
export function introduce(one: TestMember, other: TestMember, url = other.url): void {
  one.transport.setPeers(new Map([[other.id, url]]))
  other.transport.setPeers(new Map([[one.id, one.url]]))
}

export const heartbeat = (from: MemberId, to: MemberId, round = 1): Message => ({
  type: "heartbeat",
  from,
  to,
  term: 1,
  commit: 0,
  round,
})

export const snapshotMessage = (from: MemberId, to: MemberId): MessageOf<"snapshot"> => ({
  type: "snapshot",
  from,
  to,
  term: 3,
  at: { index: 100, term: 2 },
  configuration: { voters: [from, to], outgoing: [], learners: [] },
})

/** `bytes` as a state; `opened` lists from where it was read. */
export function stateOf(bytes: Buffer, pieceSize = 100_000): StateSource & { readonly opened: number[] } {
  const opened: number[] = []
  return {
    size: bytes.length,
    opened,
    async *open(offset) {
      opened.push(offset)
      for (let at = offset; at < bytes.length; at += pieceSize) yield bytes.subarray(at, at + pieceSize)
    },
    close: async () => {},
  }
}
