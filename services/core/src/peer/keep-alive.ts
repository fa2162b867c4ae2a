import type { Clock, Timer } from "@wick/sdk/clock"
import type { Connection } from "./connection.ts"

/**
 * Pings over a connection. A peer that is frozen still has a kernel that takes what it is sent, and a path that is gone
 * says nothing for minutes: only an answer shows that somebody is there. Missed beats are counted, not time: a process
 * that was itself away for a while must not think that everyone else is gone. While a backlog shrinks, the ping is on
 * its way behind it.
 */
export class KeepAlive {
  readonly #connection: Connection
  readonly #clock: Clock
  readonly #pingMs: number
  readonly #missedMax: number
  readonly #onRoundTrip: (seconds: number) => void
  #timer: Timer | undefined
  #sentAtMs: number | undefined
  #missed = 0
  /** As of the last beat: bytes that waited to leave this process, and that had left it. */
  #queued = 0
  #left = 0

  constructor(
    connection: Connection,
    clock: Clock,
    pingMs: number,
    missedMax: number,
    onRoundTrip: (seconds: number) => void,
  ) {
    this.#connection = connection
    this.#clock = clock
    this.#pingMs = pingMs
    this.#missedMax = missedMax
    this.#onRoundTrip = onRoundTrip
    connection.onLost(() => this.#timer?.cancel())
    this.#beat()
  }

  answered(): void {
    if (this.#sentAtMs === undefined) return
    this.#onRoundTrip((this.#clock.monotonic() - this.#sentAtMs) / 1000)
    this.#sentAtMs = undefined
    this.#missed = 0
  }

  #beat(): void {
    const connection = this.#connection
    if (connection.lost !== undefined) return
    if (this.#sentAtMs === undefined) {
      this.#sentAtMs = this.#clock.monotonic()
      connection.send("ping", new Uint8Array(0))
    } else if (this.#queued > 0 && connection.left > this.#left) {
      this.#missed = 0
    } else if (++this.#missed >= this.#missedMax) {
      connection.close(new Error(`a ping was not answered for ${this.#missed * this.#pingMs} ms`))
      return
    }
    this.#queued = connection.queued
    this.#left = connection.left
    this.#timer = this.#clock.timer(this.#pingMs, () => this.#beat())
  }
}
