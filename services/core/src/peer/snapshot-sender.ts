import type { Clock } from "@wick/sdk/clock"
import type { StateSource } from "#replication"
import type { Connection } from "./connection.ts"
import type { Frame } from "./frame.ts"
import { KeepAlive } from "./keep-alive.ts"
import { chunkSizeMax, type PeerTimes, snapshotAttemptsMax, snapshotWindow } from "./limits.ts"
import { chunkFrame, offerFrame, readSize, sizeFrame } from "./snapshot-frames.ts"

export interface Sending {
  readonly transfer: number
  readonly message: Uint8Array
  readonly state: StateSource
  readonly signal: AbortSignal
  readonly dial: (signal: AbortSignal) => Promise<Connection>
  readonly clock: Clock
  readonly times: PeerTimes
}

/** The receiver will not have this snapshot: to try again would be in vain. */
class SnapshotRefusedError extends Error {
  override name = "SnapshotRefusedError"
}

/** Brings a state to a peer, over as many connections as it takes as long as each gets further. */
export async function sendSnapshot(sending: Sending): Promise<void> {
  const { signal, dial, clock, times } = sending
  let reached = -1
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted()
    const taken = { offset: reached }
    try {
      const connection = await dial(signal)
      await sendOver(connection, sending, taken)
      return
    } catch (error) {
      if (signal.aborted || error instanceof SnapshotRefusedError) throw error
      if (taken.offset > reached) attempt = 0
      reached = taken.offset
      if (attempt >= snapshotAttemptsMax) throw error
    }
    await clock.sleep(times.backoffMaxMs, signal)
  }
}

/** One attempt; `taken` is kept up to what the receiver has. */
async function sendOver(connection: Connection, sending: Sending, taken: { offset: number }): Promise<void> {
  const { transfer, message, state, signal, clock, times } = sending
  const alive = new KeepAlive(connection, clock, times.pingMs, times.bulkPingsMissedMax, () => {})
  const replies = new Replies(connection, taken, alive)
  const abort = (): void => connection.close(new Error("the transfer was given up"))
  signal.addEventListener("abort", abort)
  try {
    connection.sendFrame(offerFrame(transfer, message))
    const from = await replies.resumed
    if (from !== "done") {
      await stream(connection, replies, state, from)
      await replies.done
    }
  } finally {
    signal.removeEventListener("abort", abort)
    connection.close(new Error("the transfer is over"))
  }
}

async function stream(connection: Connection, replies: Replies, state: StateSource, from: number): Promise<void> {
  let offset = from
  for await (const bytes of inPieces(state.open(from))) {
    await replies.takenUpTo(offset + bytes.length - snapshotWindow)
    if (replies.isDone) return // the receiver has more than this by now
    connection.sendFrame(chunkFrame(offset, bytes))
    offset += bytes.length
  }
  connection.sendFrame(sizeFrame("whole", offset))
}

/** Pieces of `chunkSizeMax`, whatever the sizes in which the state comes. */
export async function* inPieces(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  let gathered: Uint8Array[] = []
  let size = 0
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length; ) {
      const part = chunk.subarray(at, at + chunkSizeMax - size)
      gathered.push(part)
      size += part.length
      at += part.length
      if (size < chunkSizeMax) continue
      yield gathered.length === 1 ? part : Buffer.concat(gathered, size)
      gathered = []
      size = 0
    }
  }
  if (size > 0) yield Buffer.concat(gathered, size)
}

/** What the receiver says, as promises of the moments that the sender waits for. */
class Replies {
  readonly resumed: Promise<number | "done">
  readonly done: Promise<void>
  readonly #taken: { offset: number }
  #onTaken: (() => void) | undefined
  #failure: Error | undefined
  #isDone = false

  constructor(connection: Connection, taken: { offset: number }, alive: KeepAlive) {
    const resumed = Promise.withResolvers<number | "done">()
    const done = Promise.withResolvers<void>()
    this.resumed = resumed.promise
    this.done = done.promise
    this.#taken = taken
    const fail = (error: Error): void => {
      this.#failure = error
      resumed.reject(error)
      done.reject(error)
      this.#onTaken?.()
    }
    // Whichever is waited for tells of the failure.
    this.resumed.catch(() => {})
    this.done.catch(() => {})
    connection.onLost(fail)
    connection.handTo(({ kind, payload }: Frame) => {
      if (kind === "pong") alive.answered()
      else if (kind === "resume" || kind === "taken") {
        taken.offset = readSize(payload)
        if (kind === "resume") resumed.resolve(taken.offset)
        this.#onTaken?.()
      } else if (kind === "done") {
        this.#isDone = true
        resumed.resolve("done")
        done.resolve()
        this.#onTaken?.()
      } else if (kind === "failed")
        fail(new SnapshotRefusedError(`the peer did not take the state: ${payload.toString()}`))
    })
  }

  /** The receiver needs no more of it. */
  get isDone(): boolean {
    return this.#isDone
  }

  /** Resolves when the receiver has taken everything up to `offset`, or is done. */
  async takenUpTo(offset: number): Promise<void> {
    while (this.#failure === undefined && !this.#isDone && this.#taken.offset < offset) {
      await new Promise<void>((resolve) => {
        this.#onTaken = resolve
      })
    }
    if (this.#failure !== undefined) throw this.#failure
  }
}
