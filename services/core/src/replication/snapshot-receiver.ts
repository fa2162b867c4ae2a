import type { Message, MessageOf } from "#raft"
import { NoSpaceError } from "#store"
import type { ReceivedState, StateHome } from "./applied-state.ts"
import { CorruptStateError } from "./checksum.ts"

/** A whole state that waits for its turn. */
export interface Arrival {
  readonly message: MessageOf<"snapshot">
  readonly received: ReceivedState
  readonly installed: () => void
  readonly refused: (error: Error) => void
}

/** Takes in states that a leader sends, one at a time, beside the one that is being served from meanwhile. */
export class SnapshotReceiver {
  readonly #states: StateHome
  readonly #commit: () => number
  readonly #step: (message: Message) => void
  readonly #wake: () => void
  #isReceiving = false
  #arrival: Arrival | undefined
  /** Position of the last state for which there was no space. */
  #refused = 0
  #stopped: Error | undefined

  constructor(parts: {
    readonly states: StateHome
    readonly commit: () => number
    readonly step: (message: Message) => void
    readonly wake: () => void
  }) {
    this.#states = parts.states
    this.#commit = parts.commit
    this.#step = parts.step
    this.#wake = parts.wake
  }

  get hasArrival(): boolean {
    return this.#arrival !== undefined
  }

  /** There was no space for a state without which this member cannot follow the others. */
  get lacksSpace(): boolean {
    return this.#refused > this.#commit()
  }

  take(): Arrival | undefined {
    const arrival = this.#arrival
    this.#arrival = undefined
    return arrival
  }

  /** Resolves when the state is in its place, or is not needed. */
  async receive(message: MessageOf<"snapshot">, chunks: AsyncIterable<Uint8Array>): Promise<void> {
    if (this.#stopped !== undefined) throw this.#stopped
    if (message.at.index <= this.#commit()) {
      this.#step(message) // Raft tells the sender how far this member is
      return
    }
    if (this.#isReceiving) throw new Error("another state is being received already")
    this.#isReceiving = true
    try {
      const received = await this.#states.receive(chunks).catch((error: unknown) => {
        if (error instanceof NoSpaceError) this.#refused = message.at.index
        throw error
      })
      const { index, term } = received.checkpoint.applied
      if (this.#stopped !== undefined || index !== message.at.index || term !== message.at.term) {
        await this.#states.remove(received.state)
        throw this.#stopped ?? new CorruptStateError(`a state up to ${index} came as one up to ${message.at.index}`)
      }
      await this.#arrive(message, received)
    } finally {
      this.#isReceiving = false
    }
  }

  stop(error: Error): void {
    this.#stopped = error
    const arrival = this.take()
    if (arrival === undefined) return
    arrival.refused(error)
    void this.#states.remove(arrival.received.state)
  }

  #arrive(message: MessageOf<"snapshot">, received: ReceivedState): Promise<void> {
    return new Promise((installed, refused) => {
      this.#arrival = { message, received, installed, refused }
      this.#wake()
    })
  }
}
