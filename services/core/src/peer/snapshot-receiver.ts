import type { Clock } from "@wick/sdk/clock"
import type { MemberId, MessageOf } from "#raft"
import type { TransportHandler } from "#replication"
import { MalformedError } from "#store"
import type { Connection } from "./connection.ts"
import type { Frame } from "./frame.ts"
import { chunkSizeMax, snapshotWindow } from "./limits.ts"
import { decodeMessage } from "./message-codec.ts"
import type { CountPeer } from "./peer-metrics.ts"
import { readOffer, readSize, sizeFrame } from "./snapshot-frames.ts"
import { SnapshotSpool } from "./snapshot-spool.ts"

type SnapshotMessage = MessageOf<"snapshot">

/** One state that comes in, over one connection after another. */
interface Arrival {
  readonly from: MemberId
  readonly transfer: number
  readonly message: SnapshotMessage
  readonly spool: SnapshotSpool
  readonly startMs: number
  /** The connection that may go on with it. */
  connection: Connection
  /** Pieces are written one after another. */
  writing: Promise<void>
  /** Set once it is whole: being taken in by the member, or taken in. */
  outcome: Promise<void> | undefined
}

export interface Receiving {
  readonly own: MemberId
  readonly directory: string
  readonly handler: TransportHandler
  readonly clock: Clock
  readonly count: CountPeer
}

/** Takes in states, one at a time. A newer transfer takes the place of one that is not whole yet. */
export class SnapshotReceiver {
  readonly #options: Receiving
  #arrival: Arrival | undefined
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
      current.writing = current.writing
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

  async #offered(connection: Connection, from: MemberId, payload: Buffer): Promise<Arrival | undefined> {
    const { transfer, message: bytes } = readOffer(payload)
    const message = decodeMessage(bytes)
    if (message.type !== "snapshot" || message.from !== from || message.to !== this.#options.own) {
      throw new MalformedError("an offer of a snapshot that is none, or of somebody else's")
    }
    const known = this.#arrival
    if (known?.transfer === transfer && known.from === from) {
      known.connection = connection
      await known.writing
      if (known.outcome !== undefined) this.#tellOutcome(known, connection)
      else connection.sendFrame(sizeFrame("resume", known.spool.size))
      return known
    }
    if (known?.outcome !== undefined) await known.outcome.catch(() => {})
    await this.#drop()
    const spool = await SnapshotSpool.open(this.#options.directory)
    const startMs = this.#options.clock.monotonic()
    const writing = Promise.resolve()
    this.#arrival = { from, transfer, message, spool, startMs, connection, writing, outcome: undefined }
    connection.sendFrame(sizeFrame("resume", 0))
    return this.#arrival
  }

  async #received(arrival: Arrival, connection: Connection, { kind, payload }: Frame): Promise<void> {
    if (arrival.connection !== connection || arrival.outcome !== undefined) return
    if (kind === "chunk") {
      await arrival.spool.append(payload)
      connection.sendFrame(sizeFrame("taken", arrival.spool.size))
    } else if (kind === "whole") {
      const size = readSize(payload)
      if (size !== arrival.spool.size) throw new MalformedError(`snapshot of ${size} bytes, ${arrival.spool.size} came`)
      arrival.outcome = this.#takeIn(arrival)
      this.#tellOutcome(arrival, connection)
    } else throw new MalformedError(`${kind} in the middle of a snapshot`)
  }

  async #takeIn({ from, message, spool, startMs }: Arrival): Promise<void> {
    const { handler, clock, count } = this.#options
    try {
      await handler.onSnapshot(message, spool.read())
      count(from).snapshotReceived((clock.monotonic() - startMs) / 1000)
    } catch (error) {
      count(from).snapshotReceived("failed")
      throw error
    } finally {
      await spool.remove()
    }
  }

  #tellOutcome({ outcome }: Arrival, connection: Connection): void {
    outcome?.then(
      () => connection.send("done", new Uint8Array(0)),
      (error: Error) => connection.end("failed", Buffer.from(error.message), error),
    )
  }

  /** A damaged piece breaks the connection: the sender comes again, and goes on from the last good one. */
  #fail({ from }: Arrival, connection: Connection, error: Error): void {
    this.#options.count(from).receiveFailed()
    connection.close(error)
  }

  async #drop(): Promise<void> {
    const arrival = this.#arrival
    this.#arrival = undefined
    if (arrival === undefined) return
    arrival.connection.close(new Error("another snapshot has come, or this member is being closed"))
    await arrival.writing
    await arrival.outcome?.catch(() => {})
    await arrival.spool.remove()
  }
}
