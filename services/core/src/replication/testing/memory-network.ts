import type { MemberId, Message, MessageOf } from "#raft"
import { type Connect, NotSentError, type StateSource, type Transport, type TransportHandler } from "../transport.ts"

/** Joins members of one process: what is sent arrives a microtask later, unless one of the two is cut off. */
export class MemoryNetwork {
  readonly #handlers = new Map<MemberId, TransportHandler>()
  readonly #cutOff = new Set<MemberId>()
  /** What each member was told of where the others are. */
  readonly peers = new Map<MemberId, ReadonlyMap<MemberId, string>>()
  /** States that were brought from one member to another. */
  snapshots = 0
  /** Messages for which this is true are lost. */
  loses: (message: Message) => boolean = () => false
  /** A call for which this is true arrives, but its answer is lost. */
  losesAnswer: (from: MemberId, to: MemberId) => boolean = () => false

  connect(id: MemberId): Connect {
    return (handler) => {
      this.#handlers.set(id, handler)
      const transport: Transport = {
        send: (message) => this.#send(message),
        sendSnapshot: (message, state) => this.#sendSnapshot(message, state),
        call: (to, request) => this.#call(id, to, request),
        setPeers: (peers) => void this.peers.set(id, new Map(peers)),
        close: async () => {
          if (this.#handlers.get(id) === handler) this.#handlers.delete(id)
        },
      }
      return transport
    }
  }

  /** The others neither hear of this member nor does it of them. */
  cutOff(id: MemberId): void {
    this.#cutOff.add(id)
  }

  heal(): void {
    this.#cutOff.clear()
    this.loses = () => false
    this.losesAnswer = () => false
  }

  #reach(from: MemberId, to: MemberId): TransportHandler | undefined {
    return this.#cutOff.has(from) || this.#cutOff.has(to) ? undefined : this.#handlers.get(to)
  }

  #send(message: Message): void {
    if (this.loses(message)) return
    queueMicrotask(() => this.#reach(message.from, message.to)?.onMessage(message))
  }

  async #sendSnapshot(message: MessageOf<"snapshot">, state: StateSource): Promise<void> {
    const handler = this.#reach(message.from, message.to)
    if (handler === undefined || this.loses(message)) throw new Error(`member ${message.to} cannot be reached`)
    await handler.onSnapshot(message, state.open(0))
    this.snapshots++
  }

  async #call(from: MemberId, to: MemberId, request: Uint8Array): Promise<Uint8Array> {
    await undefined
    const handler = this.#reach(from, to)
    if (handler === undefined) throw new NotSentError(`member ${to} cannot be reached`)
    const answer = await handler.onCall(from, request)
    if (this.losesAnswer(from, to) || this.#reach(to, from) === undefined) throw new Error("the answer was lost")
    return answer
  }
}
