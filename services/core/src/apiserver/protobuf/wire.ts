/** One field of a protobuf message as it stands on the wire: a number, or bytes. */
export interface WireField {
  readonly number: number
  readonly value: bigint | Uint8Array
}

/** Bytes that are no protobuf message. */
export class WireError extends Error {
  override name = "WireError"
}

const varintBytesMax = 10

/** The fields of a message, in order. Throws WireError where the bytes make no sense; never reads past their end. */
export function* readFields(bytes: Uint8Array): Generator<WireField> {
  const reader = new WireReader(bytes)
  while (!reader.done) yield reader.field()
}

class WireReader {
  #at = 0
  readonly #bytes: Uint8Array
  readonly #view: DataView

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  }

  get done(): boolean {
    return this.#at >= this.#bytes.length
  }

  field(): WireField {
    const tag = Number(this.#varint())
    const number = tag >>> 3
    if (number === 0) throw new WireError("field number 0")
    switch (tag & 7) {
      case 0:
        return { number, value: this.#varint() }
      case 1:
        return { number, value: this.#view.getBigUint64(this.#skip(8), true) }
      case 2:
        return { number, value: this.#slice(Number(this.#varint())) }
      case 5:
        return { number, value: BigInt(this.#view.getUint32(this.#skip(4), true)) }
      default:
        throw new WireError(`wire type ${tag & 7} at byte ${this.#at}`)
    }
  }

  #varint(): bigint {
    let value = 0n
    for (let index = 0; index < varintBytesMax; index++) {
      const byte = this.#bytes[this.#skip(1)] ?? 0
      value |= BigInt(byte & 0x7f) << BigInt(7 * index)
      if (byte < 0x80) return value
    }
    throw new WireError("a number is longer than 64 bits")
  }

  #slice(length: number): Uint8Array {
    const start = this.#skip(length)
    return this.#bytes.subarray(start, start + length)
  }

  #skip(length: number): number {
    const start = this.#at
    if (!(length >= 0 && length <= this.#bytes.length - start))
      throw new WireError("the message ends in the middle of a field")
    this.#at += length
    return start
  }
}
