import type { Clock, Timer } from "@wick/sdk/clock"
import { NotSentError } from "#replication"
import { callFrame, readCall } from "./call-frames.ts"
import type { Connection } from "./connection.ts"
import type { Frame } from "./frame.ts"

interface Pending {
  readonly connection: Connection
  readonly timer: Timer
  readonly resolve: (answer: Uint8Array) => void
  readonly reject: (error: Error) => void
}

/** A call was sent and not answered: whether it was done is not known. */
export class CallLostError extends Error {
  override name = "CallLostError"
}

/** Calls to one peer that are not answered yet. Each was sent once; none is sent again. */
export class PendingCalls {
  readonly #clock: Clock
  readonly #pending = new Map<number, Pending>()
  #nextId = 1

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get size(): number {
    return this.#pending.size
  }

  send(connection: Connection, request: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    const id = this.#nextId++
    return new Promise((resolve, reject) => {
      const timer = this.#clock.timer(timeoutMs, () => {
        this.#pending.delete(id)
        reject(new CallLostError(`no answer within ${timeoutMs} ms`))
      })
      this.#pending.set(id, { connection, timer, resolve, reject })
      connection.sendFrame(callFrame("call", id, request))
    })
  }

  /** An answer, or word that the peer could not give one. To who has stopped waiting it says nothing. */
  answered({ kind, payload }: Frame): void {
    const { id, body } = readCall(payload)
    const pending = this.#pending.get(id)
    if (pending === undefined) return
    this.#pending.delete(id)
    pending.timer.cancel()
    if (kind === "answer") pending.resolve(body)
    else if (kind === "call-refused")
      pending.reject(new NotSentError(`the peer refused: ${Buffer.from(body).toString()}`))
    else pending.reject(new CallLostError(`the peer failed: ${Buffer.from(body).toString()}`))
  }

  /** What was asked over this connection will not be answered. */
  lost(connection: Connection, error: Error): void {
    for (const [id, pending] of this.#pending) {
      if (pending.connection !== connection) continue
      this.#pending.delete(id)
      pending.timer.cancel()
      pending.reject(new CallLostError(error.message, { cause: error }))
    }
  }
}
