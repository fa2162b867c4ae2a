import type { Random } from "@wick/sdk/clock"
import type { MemberId, Message, MessageOf } from "#raft"
import {
  type Connect,
  NotSentError,
  type StateSource,
  type Transport,
  type TransportHandler,
} from "../replication/transport.ts"
import type { Host } from "./host.ts"

export interface NetworkCondition {
  readonly lossPercent: number
  readonly repeatPercent: number
  /** Of messages that take much longer than others, so that these overtake them. */
  readonly latePercent: number
  readonly latencyMaxMs: number
}

export const healthyNetwork: NetworkCondition = { lossPercent: 0, repeatPercent: 0, latePercent: 0, latencyMaxMs: 2 }

const lateMaxMs = 3_000

interface Attached {
  readonly host: Host
  readonly handler: TransportHandler
}

/** Between members. What is on its way does not end with whoever sent it. */
export class Network {
  condition = healthyNetwork
  readonly #attached = new Map<MemberId, Attached>()
  /** Directions in which nothing goes: `from>to`. */
  readonly #cut = new Set<string>()
  readonly #random: Random
  readonly #after: (ms: number, run: () => void) => void

  constructor(random: Random, after: (ms: number, run: () => void) => void) {
    this.#random = random
    this.#after = after
  }

  cut(from: MemberId, to: MemberId): void {
    this.#cut.add(`${from}>${to}`)
  }

  heal(): void {
    this.#cut.clear()
  }

  detach(host: Host): void {
    this.#attached.delete(host.id)
  }

  connect(host: Host): Connect {
    return (handler) => {
      const attached = { host, handler }
      this.#attached.set(host.id, attached)
      const transport: Transport = {
        send: (message) => this.#send(message),
        sendSnapshot: (message, state, signal) => this.#sendSnapshot(host, message, state, signal),
        call: (to, request, timeoutMs) => this.#call(host, to, request, timeoutMs),
        setPeers: () => {},
        close: async () => {
          if (this.#attached.get(host.id) === attached) this.#attached.delete(host.id)
        },
      }
      return transport
    }
  }

  #send(message: Message): void {
    const copies = this.#chance(this.condition.repeatPercent) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      this.#carry(message.from, message.to, ({ handler }) => handler.onMessage(message))
    }
  }

  /** `lost` is called, some time or never, if it does not get there. */
  #carry(from: MemberId, to: MemberId, arrive: (there: Attached) => void, lost: () => void = () => {}): void {
    if (this.#isLost(from, to)) {
      lost()
      return
    }
    this.#after(this.#latency(), () => {
      const there = this.#attached.get(to)
      if (there === undefined || !there.host.isUp || this.#cut.has(`${from}>${to}`)) lost()
      else there.host.later(0, () => arrive(there))
    })
  }

  #call(host: Host, to: MemberId, request: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      // Who is not there refuses at once; else nobody knows what was lost, the question or the answer.
      const there = this.#attached.get(to)
      if (there === undefined || !there.host.isUp) {
        host.later(this.#latency(), () => reject(new NotSentError(`nobody listens at member ${to}`)))
        return
      }
      const { life } = host
      // Some losses show, for a connection breaks; others do not, and the caller waits.
      const lost = (): void => {
        if (this.#chance(50)) this.#after(this.#latency(), () => host.life === life && reject(new Error("broken")))
      }
      const answer = (settle: () => void): void => this.#carry(to, host.id, () => host.life === life && settle(), lost)
      const arrive = ({ handler }: Attached): void => {
        handler.onCall(host.id, request).then(
          (bytes) => answer(() => resolve(bytes)),
          (error: Error) => answer(() => reject(error)),
        )
      }
      this.#carry(host.id, to, arrive, lost)
      host.later(timeoutMs, () => reject(new Error("timed out")))
    })
  }

  async #sendSnapshot(
    host: Host,
    message: MessageOf<"snapshot">,
    state: StateSource,
    signal: AbortSignal,
  ): Promise<void> {
    const chunks: Uint8Array[] = []
    for await (const chunk of state.open(0)) {
      chunks.push(chunk)
      await host.pause(this.#latency())
      if (signal.aborted) throw signal.reason
    }
    await new Promise<void>((resolve, reject) => {
      const fail = (): void => void host.later(this.#latency(), () => reject(new Error("the connection broke")))
      signal.addEventListener("abort", () => reject(signal.reason))
      const { life } = host
      const answer = (settle: () => void): void =>
        this.#carry(message.to, host.id, () => host.life === life && settle(), fail)
      const arrive = ({ handler }: Attached): void => {
        handler.onSnapshot(message, stream(chunks)).then(
          () => answer(resolve),
          (error: Error) => answer(() => reject(error)),
        )
      }
      this.#carry(host.id, message.to, arrive, fail)
      // Who takes it in may crash meanwhile.
      host.later(2 * lateMaxMs, () => reject(new Error("the connection broke")))
    })
  }

  #isLost(from: MemberId, to: MemberId): boolean {
    return this.#cut.has(`${from}>${to}`) || this.#chance(this.condition.lossPercent)
  }

  #latency(): number {
    const max = this.#chance(this.condition.latePercent) ? lateMaxMs : this.condition.latencyMaxMs
    return 0.1 + (max * this.#random.below(1000)) / 1000
  }

  #chance(percent: number): boolean {
    return percent > 0 && this.#random.below(1000) < percent * 10
  }
}

async function* stream(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks
}
