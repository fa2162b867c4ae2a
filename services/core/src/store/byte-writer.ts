import { assert } from "@wick/sdk/assert"

/** Longest whole number: seven bits a byte, 53 bits. */
export const numberSizeMax = 8

/** Writes numbers, texts and bytes one after another into a buffer whose size was computed before. */
export class ByteWriter {
  readonly #buffer: Buffer
  #at = 0

  constructor(target: Buffer) {
    this.#buffer = target
  }

  /** Bytes written so far. */
  get size(): number {
    return this.#at
  }

  byte(value: number): void {
    this.#buffer[this.#at++] = value
  }

  /** A whole number from 0 to 2^53-1: seven bits a byte, low ones first, the high bit says that more follow. */
  number(value: number): void {
    assert(Number.isSafeInteger(value) && value >= 0, "only whole numbers from 0 are written")
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#at++] = rest
  }

  /** A byte string. */
  key(value: string): void {
    this.number(value.length)
    this.#at += this.#buffer.write(value, this.#at, "latin1")
  }

  bytes(value: Uint8Array): void {
    this.number(value.length)
    this.#buffer.set(value, this.#at)
    this.#at += value.length
  }

  /** Bytes up to the end, whose number the reader will know otherwise. */
  rest(value: Uint8Array): void {
    this.#buffer.set(value, this.#at)
    this.#at += value.length
  }

  /** What was written, without a copy. */
  finish(): Buffer {
    assert(this.#at <= this.#buffer.length, "the size was computed large enough")
    return this.#buffer.subarray(0, this.#at)
  }
}
