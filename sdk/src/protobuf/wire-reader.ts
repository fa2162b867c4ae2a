import { WireError } from "./wire-error.ts"

const varintBytesMax = 10
const two28 = 2 ** 28
const two32 = 2 ** 32

/** Reads a message field by field, never past its end. Throws WireError where the bytes make no sense. */
export class WireReader {
  readonly #bytes: Buffer
  readonly #end: number
  #at: number
  /** Wire type of the field that was read last. */
  #type = 0

  constructor(bytes: Uint8Array, start = 0, end = bytes.byteLength) {
    this.#bytes = Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = start
    this.#end = end
  }

  /** Number of the next field; 0 at the end. */
  next(): number {
    if (this.#at >= this.#end) return 0
    const tag = this.#varint()
    this.#type = tag & 7
    const number = tag >>> 3
    if (number === 0) throw new WireError("a field has number 0")
    return number
  }

  /** A whole number with its sign. Exact up to 2^53, the nearest double beyond. */
  number(): number {
    if (this.#type === 0) return this.#varint()
    if (this.#type === 5) return this.#bytes.readInt32LE(this.#take(4))
    throw new WireError(`wire type ${this.#type} where a number belongs`)
  }

  double(): number {
    if (this.#type !== 1) throw new WireError(`wire type ${this.#type} where a double belongs`)
    return this.#bytes.readDoubleLE(this.#take(8))
  }

  /** Numbers of a repeated field, packed into one or one of many. */
  numbers(into: number[]): void {
    if (this.#type !== 2) return void into.push(this.number())
    const start = this.#length()
    const packed = new WireReader(this.#bytes, start, this.#at)
    while (packed.#at < packed.#end) into.push(packed.#varint())
  }

  fixed64(): bigint {
    if (this.#type !== 1) throw new WireError(`wire type ${this.#type} where eight bytes belong`)
    return this.#bytes.readBigUInt64LE(this.#take(8))
  }

  doubles(into: number[]): void {
    if (this.#type !== 2) return void into.push(this.double())
    for (let at = this.#length(); at < this.#at; at += 8) into.push(this.#bytes.readDoubleLE(this.#eight(at)))
  }

  fixed64s(into: bigint[]): void {
    if (this.#type !== 2) return void into.push(this.fixed64())
    for (let at = this.#length(); at < this.#at; at += 8) into.push(this.#bytes.readBigUInt64LE(this.#eight(at)))
  }

  text(): string {
    const start = this.#length()
    return this.#bytes.toString("utf8", start, this.#at)
  }

  /** A byte string: one character per byte. */
  key(): string {
    const start = this.#length()
    return this.#bytes.toString("latin1", start, this.#at)
  }

  /** A view, not a copy. */
  bytes(): Buffer {
    const start = this.#length()
    return this.#bytes.subarray(start, this.#at)
  }

  /** A reader of the message in the field. */
  message(): WireReader {
    const start = this.#length()
    return new WireReader(this.#bytes, start, this.#at)
  }

  skip(): void {
    if (this.#type === 0) this.#varint()
    else if (this.#type === 1) this.#take(8)
    else if (this.#type === 2) this.#length()
    else if (this.#type === 5) this.#take(4)
    else throw new WireError(`wire type ${this.#type} is none that is used`)
  }

  get isEmpty(): boolean {
    return this.#at >= this.#end
  }

  /** Moves behind the bytes of the field; where they start. */
  #length(): number {
    if (this.#type !== 2) throw new WireError(`wire type ${this.#type} where bytes belong`)
    return this.#take(this.#varint())
  }

  /** Where eight bytes begin, if they are whole. */
  #eight(at: number): number {
    if (at + 8 > this.#at) throw new WireError("the message ends in the middle of a field")
    return at
  }

  #varint(): number {
    let low = 0
    let high = 0
    for (let index = 0; index < varintBytesMax; index++) {
      const byte = this.#bytes[this.#take(1)] ?? 0
      const bits = byte & 0x7f
      if (index < 4) low += bits * 2 ** (7 * index)
      else if (index === 4) {
        low += (bits & 0x0f) * two28
        high += bits >>> 4
      } else high += bits * 2 ** (7 * index - 32)
      if (byte < 0x80) return signed(low, high % two32)
    }
    throw new WireError("a number is longer than 64 bits")
  }

  #take(length: number): number {
    const start = this.#at
    if (!(length >= 0 && length <= this.#end - start)) throw new WireError("the message ends in the middle of a field")
    this.#at += length
    return start
  }
}

function signed(low: number, high: number): number {
  return high >= 2 ** 31 ? (high - two32) * two32 + low : high * two32 + low
}
