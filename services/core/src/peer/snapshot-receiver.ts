import type { Clock, Timer } from "@wick/sdk/clock"
import type { MemberId, MessageOf } from "#raft"
import type { TransportHandler } from "#replication"
import { MalformedError } from "#store"
import { ArrivingState } from "./arriving-state.ts"
import type { Connection } from "./connection.ts"
import type { Frame } from "./frame.ts"
import { chunkSizeMax, snapshotAbandonedMs, snapshotWindow } from "./limits.ts"
import { decodeMessage } from "./message-codec.ts"
import type { CountPeer } from "./peer-metrics.ts"
import { readOffer, readSize, sizeFrame } from "./snapshot-frames.ts"

/** One state that comes in, over one connection after another. */
interface Arrival {
  readonly from: MemberId
  readonly transfer: number
  readonly state: ArrivingState
  /** The connection that may go on with it. */
  connection: Connection
  /** Pieces are handed on one after another. */
  handing: Promise<void>
  /** Of being taken in by the member, which begins with the first piece. */
  readonly outcome: Promise<void>
  isWhole: boolean
  isTakenIn: boolean
}

export interface Receiving {
  readonly own: MemberId
  readonly handler: TransportHandler
  readonly clock: Clock
  readonly count: CountPeer
}

/** Takes in states, one at a time. A newer transfer takes the place of one that is not whole yet. */
export class SnapshotReceiver {
  readonly #options: Receiving
  #arrival: Arrival | undefined
  /** Runs while the connection of the arrival is lost. */
  #forsaken: Timer | undefined
  /** Offers are dealt with one after another: each may have to make or remove a file. */
  #offers: Promise<void> = Promise.resolve()

  constructor(options: Receiving) {
    this.#options = options
  }

  /** A peer has opened a connection to send a state over; its frames are to go to what is returned. */
  accept(connection: Connection, from: MemberId): (frame: Frame) => void {
    let arrival: Arrival | undefined
    let waiting = 0
    return (frame) => {
      if (frame.kind === "offer") {
        this.#offers = this.#offers.then(async () => {
          arrival = await this.#offered(connection, from, frame.payload).catch((error: Error) => {
            connection.close(error)
            return undefined
          })
        })
        return
      }
      if (arrival === undefined || arrival.connection !== connection) throw new MalformedError("piece of no snapshot")
      waiting += frame.payload.length
      if (waiting > snapshotWindow + 2 * chunkSizeMax) throw new MalformedError("more of a snapshot than was asked for")
      const current = arrival
      current.handing = current.handing
        .then(() => this.#received(current, connection, frame))
        .catch((error: Error) => this.#fail(current, connection, error))
        .finally(() => {
          waiting -= frame.payload.length
        })
    }
  }

  async close(): Promise<void> {
    await this.#offers
    await this.#drop()
  }

  async #offered(connection: Connection, from: MemberId, payload: Buffer): Promise<Arrival> {
    const { transfer, message: bytes } = readOffer(payload)
    const message = decodeMessage(bytes)
    if (message.type !== "snapshot" || message.from !== from || message.to !== this.#options.own) {
      throw new MalformedError("an offer of a snapshot that is none, or of somebody else's")
    }
    const known = this.#arrival
    if (known?.transfer === transfer && known.from === from) {
      this.#forsaken?.cancel()
      this.#connected(known, connection)
      await known.handing
      if (known.isTakenIn) this.#tellOutcome(known)
      else if (!known.isWhole) connection.sendFrame(sizeFrame("resume", known.state.size))
      return known
    }
    await this.#drop()
    const arrival = this.#begin(connection, transfer, message)
    this.#arrival = arrival
    this.#connected(arrival, connection)
    connection.sendFrame(sizeFrame("resume", 0))
    return arrival
  }

  /** A sender that does not come back within its attempts has given it up, and will offer it as another if at all. */
  #connected(arrival: Arrival, connection: Connection): void {
    arrival.connection = connection
    connection.onLost((error) => {
      if (this.#arrival !== arrival || arrival.connection !== connection) return
      this.#forsaken = this.#options.clock.timer(snapshotAbandonedMs, () => arrival.state.fail(error))
    })
  }

  /** The member takes it in from its first piece on: when the last has come, little is left to be done. */
  #begin(connection: Connection, transfer: number, message: MessageOf<"snapshot">): Arrival {
    const { from } = message
    const state = new ArrivingState()
    const outcome = this.#takeIn(message, state)
    const begun = { from, transfer, state, connection, handing: Promise.resolve(), outcome }
    const arrival: Arrival = { ...begun, isWhole: false, isTakenIn: false }
    const over = (): void => {
      arrival.isTakenIn = true
      this.#tellOutcome(arrival)
    }
    outcome.then(over, over)
    return arrival
  }

  async #received(arrival: Arrival, connection: Connection, { kind, payload }: Frame): Promise<void> {
    if (arrival.connection !== connection || arrival.isWhole || arrival.isTakenIn) return
    const { state } = arrival
    if (kind === "chunk") {
      await state.append(payload)
      if (!arrival.isTakenIn) connection.sendFrame(sizeFrame("taken", state.size))
    } else if (kind === "whole") {
      const size = readSize(payload)
      if (size !== state.size) throw new MalformedError(`snapshot of ${size} bytes, ${state.size} came`)
      arrival.isWhole = true
      state.whole()
    } else throw new MalformedError(`${kind} in the middle of a snapshot`)
  }

  async #takeIn(message: MessageOf<"snapshot">, state: ArrivingState): Promise<void> {
    const { handler, clock, count } = this.#options
    const counts = count(message.from)
    const startMs = clock.monotonic()
    try {
      await handler.onSnapshot(message, state)
      counts.snapshotReceived((clock.monotonic() - startMs) / 1000)
    } catch (error) {
      counts.snapshotReceived("failed")
      throw error
    } finally {
      await state.return() // who has failed, or had all of it already, reads no more
    }
  }

  #tellOutcome({ outcome, connection }: Arrival): void {
    outcome.then(
      () => connection.send("done", new Uint8Array(0)),
      (error: Error) => connection.end("failed", Buffer.from(error.message), error),
    )
  }

  /** A damaged piece breaks the connection: the sender comes again, and goes on from the last good one. */
  #fail({ from }: Arrival, connection: Connection, error: Error): void {
    this.#options.count(from).receiveFailed()
    connection.close(error)
  }

  /** One that is whole is taken in first: it is not given up for another. */
  async #drop(): Promise<void> {
    const arrival = this.#arrival
    this.#arrival = undefined
    this.#forsaken?.cancel()
    if (arrival === undefined) return
    const over = new Error("another snapshot has come, or this member is being closed")
    arrival.state.fail(over)
    await arrival.handing
    await arrival.outcome.catch(() => {})
    arrival.connection.close(over)
  }
}
