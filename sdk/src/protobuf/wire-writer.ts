import { WireError } from "./wire-error.ts"

const sizeMin = 8 * 1024
/** A buffer that has grown beyond this is not kept for the next message. */
const sizeKept = 256 * 1024
const varintBytesMax = 10

/**
 * Writes a message from its end to its start: the length of what is inside is known when its head is written, so that
 * nothing is measured before. One writer serves all messages, one after another.
 */
export class WireWriter {
  #bytes = Buffer.allocUnsafeSlow(sizeMin)
  #at = this.#bytes.length

  /** Bytes written so far: the difference of two is the length of what was written between. */
  get length(): number {
    return this.#bytes.length - this.#at
  }

  /** Head of the field whose contents were written since the writer was `before` long. */
  head(number: number, before: number): void {
    this.varint(this.length - before)
    this.varint(number * 8 + 2)
  }

  clear(): void {
    this.#at = this.#bytes.length
  }

  number(number: number, value: number): void {
    this.varint(value)
    this.varint(number * 8)
  }

  double(number: number, value: number): void {
    this.rawDouble(value)
    this.varint(number * 8 + 1)
  }

  fixed64(number: number, value: bigint): void {
    this.rawFixed64(value)
    this.varint(number * 8 + 1)
  }

  /** Without a head: one of many that are packed into one field. */
  rawDouble(value: number): void {
    this.#reserve(8)
    this.#at -= 8
    this.#bytes.writeDoubleLE(value, this.#at)
  }

  rawFixed64(value: bigint): void {
    this.#reserve(8)
    this.#at -= 8
    this.#bytes.writeBigUInt64LE(BigInt.asUintN(64, value), this.#at)
  }

  text(number: number, value: string): void {
    const size = Buffer.byteLength(value)
    this.#reserve(size)
    this.#at -= size
    this.#bytes.write(value, this.#at, size, "utf8")
    this.varint(size)
    this.varint(number * 8 + 2)
  }

  key(number: number, value: string): void {
    const size = value.length
    this.#reserve(size)
    this.#at -= size
    this.#bytes.write(value, this.#at, size, "latin1")
    this.varint(size)
    this.varint(number * 8 + 2)
  }

  bytes(number: number, value: Uint8Array): void {
    this.raw(value)
    this.varint(value.length)
    this.varint(number * 8 + 2)
  }

  /** Bytes that are fields already, or the inside of one. */
  raw(value: Uint8Array): void {
    this.#reserve(value.length)
    this.#at -= value.length
    this.#bytes.set(value, this.#at)
  }

  varint(value: number): void {
    this.#reserve(varintBytesMax)
    if (value >= 0 && value < 0x80) {
      this.#bytes[--this.#at] = value
      return
    }
    if (!Number.isFinite(value)) throw new WireError(`${value} is no whole number`)
    if (value < 0) {
      this.#negative(value)
      return
    }
    let size = 1
    for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) size++
    this.#at -= size
    let rest = value
    for (let index = 0; index < size - 1; index++) {
      this.#bytes[this.#at + index] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#at + size - 1] = rest
  }

  /** A copy of what was written; the writer is empty again. */
  finish(): Buffer {
    const written = Buffer.from(this.#bytes.subarray(this.#at))
    if (this.#bytes.length > sizeKept) this.#bytes = Buffer.allocUnsafeSlow(sizeMin)
    this.#at = this.#bytes.length
    return written
  }

  /** Two's complement in 64 bits, as protobuf has it: always ten bytes. */
  #negative(value: number): void {
    let rest = BigInt.asUintN(64, BigInt(Math.trunc(value)))
    this.#at -= varintBytesMax
    for (let index = 0; index < varintBytesMax; index++) {
      const more = index < varintBytesMax - 1 ? 0x80 : 0
      this.#bytes[this.#at + index] = Number(rest & 0x7fn) | more
      rest >>= 7n
    }
  }

  #reserve(size: number): void {
    if (this.#at >= size) return
    const used = this.length
    const grown = Buffer.allocUnsafeSlow(Math.max(2 * this.#bytes.length, used + size + sizeMin))
    grown.set(this.#bytes.subarray(this.#at), grown.length - used)
    this.#bytes = grown
    this.#at = grown.length - used
  }
}
