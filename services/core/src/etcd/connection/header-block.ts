import { replaceSymbol } from "./huffman-walk.ts"

/** Index of `:authority` in HPACK's static table. */
const authorityIndex = 1
const slash = { octet: 0x2f, symbol: { code: 0b011000, bits: 6 } }
const dot = { octet: 0x2e, symbol: { code: 0b010111, bits: 6 } }
/** Bytes of a number after its first, beyond which it is no length of anything. */
const numberSizeMax = 4

/**
 * Writes a dot over each slash of a header block's literal `:authority`, in place. Both take as much room, plain or in
 * Huffman's code, so nothing else of the block changes, nor what the compression's tables have room for. How many were
 * changed; what makes no sense is left to whoever decodes it.
 *
 * Literals can be told apart without the tables: a block says of each field how long it is. A field that the table has
 * already was mended when it went in.
 */
export function mendAuthority(block: Buffer): number {
  let mended = 0
  const reader = new BlockReader(block)
  while (!reader.isOver) {
    const nameIndex = reader.field()
    if (nameIndex === undefined) continue
    if (nameIndex === 0) reader.text()
    const value = reader.text()
    if (nameIndex === authorityIndex && value !== undefined) mended += mend(value)
  }
  return mended
}

interface Text {
  readonly bytes: Buffer
  readonly huffman: boolean
}

function mend({ bytes, huffman }: Text): number {
  if (huffman) return replaceSymbol(bytes, slash.symbol, dot.symbol)
  let mended = 0
  for (let at = bytes.indexOf(slash.octet); at >= 0; at = bytes.indexOf(slash.octet, at + 1)) {
    bytes[at] = dot.octet
    mended++
  }
  return mended
}

/** Walks over the fields of a block (RFC 7541, section 6); at the first that is cut short it is over. */
class BlockReader {
  readonly #block: Buffer
  #at = 0

  constructor(block: Buffer) {
    this.#block = block
  }

  get isOver(): boolean {
    return this.#at >= this.#block.length
  }

  /** Index of the name of a literal field, 0 where its name follows; undefined: no literal. */
  field(): number | undefined {
    const first = this.#block[this.#at] ?? 0
    if (first & 0x80) return void this.#number(7)
    if (first & 0x40) return this.#number(6)
    if (first & 0x20) return void this.#number(5)
    return this.#number(4)
  }

  text(): Text | undefined {
    const huffman = ((this.#block[this.#at] ?? 0) & 0x80) !== 0
    const size = this.#number(7)
    const end = this.#at + (size ?? Number.POSITIVE_INFINITY)
    if (end > this.#block.length) return this.#stop()
    const bytes = this.#block.subarray(this.#at, end)
    this.#at = end
    return { bytes, huffman }
  }

  #number(prefixBits: number): number | undefined {
    const prefixMax = 2 ** prefixBits - 1
    let value = (this.#block[this.#at++] ?? 0) & prefixMax
    if (value < prefixMax) return value
    for (let more = 0; more < numberSizeMax; more++) {
      const byte = this.#block[this.#at++]
      if (byte === undefined) return this.#stop()
      value += (byte & 0x7f) * 2 ** (7 * more)
      if (byte < 0x80) return value
    }
    return this.#stop()
  }

  #stop(): undefined {
    this.#at = this.#block.length
    return undefined
  }
}
