import type { Clock, Timer } from "@wick/sdk/clock"

/** What has bytes in memory that can be read again. */
export interface Coolable {
  /** Of its bytes. */
  readonly size: number
  /** Whether somebody has asked for them since this was last asked. */
  wasUsed(): boolean
  /** Lets go of them. */
  cool(): void
}

/** Bytes of objects that are kept at hand, of all resources together: what is written and read now fits several times. */
const warmBytesMax = 8 * 1024 * 1024
/** And as much as may stay where nothing happens: each keeps a page or two that lie between what was freed around it. */
const restingBytesMax = 64 * 1024
/** What was not asked for in this time, and is more than that, is let go. */
const restMs = 30_000

/**
 * The bytes that are in memory: once they are too many, those that nobody has asked for lately are let go. Objects stand in a
 * row; who has been asked for since he was last at its head goes to its end.
 */
export class WarmObjects {
  readonly #clock: Clock
  readonly #bytesMax: number
  #timer: Timer | undefined
  #row: Coolable[] = []
  /** What stands before this in the row is let go. */
  #head = 0
  #bytes = 0

  constructor(clock: Clock, bytesMax = warmBytesMax) {
    this.#clock = clock
    this.#bytesMax = bytesMax
  }

  get bytes(): number {
    return this.#bytes
  }

  /** Its bytes have just come into memory. */
  add(object: Coolable): void {
    this.#row.push(object)
    this.#bytes += object.size
    while (this.#bytes > this.#bytesMax) this.#coolOne()
    // Of a row half of which is empty a new one is made, so each object is moved once or so.
    if (this.#head > 1_000 && this.#head * 2 > this.#row.length) {
      this.#row = this.#row.slice(this.#head)
      this.#head = 0
    }
    this.#restLater()
  }

  close(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#row = []
    this.#head = 0
    this.#bytes = 0
  }

  #restLater(): void {
    if (this.#bytes <= restingBytesMax) return
    this.#timer ??= this.#clock.timer(restMs, () => {
      this.#timer = undefined
      for (let left = this.#row.length - this.#head; left > 0; left--) this.#coolOne()
      this.#restLater()
    })
  }

  #coolOne(): void {
    const first = this.#row[this.#head] as Coolable
    this.#head++
    if (first.wasUsed()) {
      this.#row.push(first)
      return
    }
    this.#bytes -= first.size
    first.cool()
  }
}
