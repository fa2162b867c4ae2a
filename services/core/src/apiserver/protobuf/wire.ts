/** Bytes that are no protobuf message. */
export class WireError extends Error {
  override name = "WireError"
}

const varintBytesMax = 10
const two32 = 2 ** 32

/** Reads a message field by field, never past its end. Throws WireError where the bytes make no sense. */
export class WireReader {
  #at: number
  readonly #end: number
  readonly #bytes: Buffer
  /** Wire type of the field that was read last. */
  #type = 0

  constructor(bytes: Uint8Array, start = 0, end = bytes.byteLength) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#at = start
    this.#end = end
  }

  /** The number of the next field; 0 at the end. */
  next(): number {
    if (this.#at >= this.#end) return 0
    const tag = this.#varint()
    this.#type = tag & 7
    const number = tag >>> 3
    if (number === 0) throw new WireError("field number 0")
    return number
  }

  /** A whole number with its sign; exact up to 2^53. */
  number(): number {
    if (this.#type === 0) return this.#varint()
    if (this.#type === 5) return this.#bytes.readInt32LE(this.#take(4))
    throw new WireError(`wire type ${this.#type} where a number belongs`)
  }

  double(): number {
    if (this.#type !== 1) throw new WireError(`wire type ${this.#type} where a double belongs`)
    return this.#bytes.readDoubleLE(this.#take(8))
  }

  text(): string {
    const start = this.#length()
    return this.#bytes.toString("utf8", start, this.#at)
  }

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
    else throw new WireError(`wire type ${this.#type} at byte ${this.#at}`)
  }

  get isEmpty(): boolean {
    return this.#at >= this.#end
  }

  /** Moves behind the bytes of the field; where they start. */
  #length(): number {
    if (this.#type !== 2) throw new WireError(`wire type ${this.#type} where bytes belong`)
    return this.#take(this.#varint())
  }

  #varint(): number {
    let low = 0
    let high = 0
    for (let index = 0; index < varintBytesMax; index++) {
      const byte = this.#bytes[this.#take(1)] ?? 0
      const bits = byte & 0x7f
      if (index < 4) low += bits * 2 ** (7 * index)
      else if (index === 4) {
        low += (bits & 0x0f) * 2 ** 28
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

const bufferBytesMin = 16 * 1024

/**
 * Writes a message from its end to its start: the length of what is inside is known when its head is written, so that
 * nothing is written twice.
 */
export class WireWriter {
  #bytes = Buffer.allocUnsafe(bufferBytesMin)
  #at = this.#bytes.length

  /** Bytes written so far: the difference of two is the length of what was written between. */
  get length(): number {
    return this.#bytes.length - this.#at
  }

  /** The head of the field whose contents were written since the writer was `before` long. */
  head(number: number, before: number): void {
    this.varint(this.length - before)
    this.varint(number * 8 + 2)
  }

  number(number: number, value: number): void {
    this.varint(value)
    this.varint(number * 8)
  }

  double(number: number, value: number): void {
    this.#reserve(8)
    this.#at -= 8
    this.#bytes.writeDoubleLE(value, this.#at)
    this.varint(number * 8 + 1)
  }

  text(number: number, value: string): void {
    const size = Buffer.byteLength(value)
    this.#reserve(size)
    this.#at -= size
    this.#bytes.write(value, this.#at, size, "utf8")
    this.varint(size)
    this.varint(number * 8 + 2)
  }

  bytes(number: number, value: Uint8Array): void {
    this.raw(value)
    this.varint(value.byteLength)
    this.varint(number * 8 + 2)
  }

  raw(value: Uint8Array): void {
    this.#reserve(value.byteLength)
    this.#at -= value.byteLength
    this.#bytes.set(value, this.#at)
  }

  varint(value: number): void {
    this.#reserve(varintBytesMax)
    if (value >= 0 && value < 0x80) {
      this.#bytes[--this.#at] = value
      return
    }
    const groups: number[] = []
    let rest = value < 0 ? BigInt.asUintN(64, BigInt(Math.trunc(value))) : BigInt(Math.trunc(value))
    for (; rest >= 0x80n; rest >>= 7n) groups.push(Number(rest & 0x7fn) | 0x80)
    groups.push(Number(rest))
    this.#at -= groups.length
    for (const [index, byte] of groups.entries()) this.#bytes[this.#at + index] = byte
  }

  /** A copy of what was written. */
  finish(): Buffer {
    return Buffer.from(this.#bytes.subarray(this.#at))
  }

  #reserve(size: number): void {
    if (this.#at >= size) return
    const used = this.length
    const grown = Buffer.allocUnsafe(Math.max(2 * this.#bytes.length, used + size + bufferBytesMin))
    grown.set(this.#bytes.subarray(this.#at), grown.length - used)
    this.#bytes = grown
    this.#at = grown.length - used
  }
}
