import { CompressionError } from "./compression-error.ts"

/** Octets of a number after its first. With four it is less than 2^29, and no size that anybody allows is larger. */
const continuationsMax = 4

/** Reads numbers and what they are the length of, from the beginning of a block to its end. */
export class BlockCursor {
  readonly block: Buffer
  at = 0

  constructor(block: Buffer) {
    this.block = block
  }

  /** A number whose first octet has room for so many of its bits (RFC 7541, section 5.1). */
  integer(prefixBits: number): number {
    const { block } = this
    const prefixMax = (1 << prefixBits) - 1
    if (this.at >= block.length) throw new CompressionError("the block ends before a number")
    let value = (block[this.at++] as number) & prefixMax
    if (value < prefixMax) return value
    for (let count = 0; count < continuationsMax; count++) {
      const octet = block[this.at++]
      if (octet === undefined) throw new CompressionError("the block ends within a number")
      value += (octet & 0x7f) << (7 * count)
      if (octet < 0x80) return value
    }
    throw new CompressionError("a number is longer than any that makes sense")
  }

  /** Goes over what has this length; where it began. */
  skip(bytes: number): number {
    const start = this.at
    if (start + bytes > this.block.length) throw new CompressionError("the block ends within a text")
    this.at = start + bytes
    return start
  }
}

/** Bytes that a number takes at most. */
export const integerBytesMax = 1 + continuationsMax

/** Writes a number with `flags` in the bits of its first octet that are not its own; where it ended. */
export function writeInteger(target: Buffer, start: number, value: number, prefixBits: number, flags: number): number {
  const prefixMax = (1 << prefixBits) - 1
  let at = start
  if (value < prefixMax) {
    target[at++] = flags | value
    return at
  }
  target[at++] = flags | prefixMax
  let rest = value - prefixMax
  while (rest >= 0x80) {
    target[at++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  target[at++] = rest
  return at
}
