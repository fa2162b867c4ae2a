import { CompressionError } from "./compression-error.ts"
import { DynamicTable, entryOverheadBytes } from "./dynamic-table.ts"
import { BlockCursor } from "./integer.ts"
import { RecentTexts } from "./recent-texts.ts"
import { staticEntries, staticNames, staticValues } from "./static-table.ts"

/** First bits of a field say what it is (RFC 7541, section 6). */
const indexedFlag = 0x80
const remembersFlag = 0x40
const sizeFlag = 0x20
const secretFlag = 0x10
const huffmanFlag = 0x80

const texts = new RecentTexts()

/**
 * Reads the header blocks of one connection, in the order in which they came. Names and values are given as they were sent,
 * octet by octet; whether they make sense together is for others to say.
 */
export class HeaderDecoder {
  readonly #tableSizeMax: number
  readonly #table: DynamicTable

  /** Bytes of the table that the other end was told it may fill. */
  constructor(tableSizeMax: number) {
    this.#tableSizeMax = tableSizeMax
    this.#table = new DynamicTable(tableSizeMax)
  }

  /**
   * Name, value, name, value… Undefined: the list is larger than `listBytesMax`, counted as the protocol counts it (32
   * bytes for each field besides its texts); it was read to its end all the same, for the tables to stay alike, and the
   * connection can go on. Throws a CompressionError when it cannot.
   */
  decode(block: Buffer, listBytesMax: number): string[] | undefined {
    const cursor = new BlockCursor(block)
    this.#resize(cursor)
    const list: string[] = []
    let room = listBytesMax
    while (cursor.at < block.length) {
      const first = block[cursor.at] as number
      let name: string
      let value: string
      if (first & indexedFlag) {
        const index = cursor.integer(7)
        name = this.#name(index)
        value = this.#value(index)
      } else if (first & remembersFlag) {
        name = this.#literalName(cursor, 6)
        value = readText(cursor, false)
        this.#table.add(name, value)
      } else {
        if (first & sizeFlag) throw new CompressionError("the table's size changes in the middle of a block")
        name = this.#literalName(cursor, 4)
        value = readText(cursor, (first & secretFlag) !== 0)
      }
      room -= name.length + value.length + entryOverheadBytes
      if (room >= 0) list.push(name, value)
    }
    return room < 0 ? undefined : list
  }

  /** Changes of the table's size come before anything else of a block. */
  #resize(cursor: BlockCursor): void {
    const { block } = cursor
    while (cursor.at < block.length && ((block[cursor.at] as number) & 0xe0) === sizeFlag) {
      const sizeMax = cursor.integer(5)
      if (sizeMax > this.#tableSizeMax) throw new CompressionError("the table's size is more than was allowed")
      this.#table.resize(sizeMax)
    }
  }

  #literalName(cursor: BlockCursor, prefixBits: number): string {
    const index = cursor.integer(prefixBits)
    return index === 0 ? readText(cursor, false) : this.#name(index)
  }

  #name(index: number): string {
    return index > staticEntries ? this.#table.name(this.#positionOf(index)) : nameOf(index)
  }

  #value(index: number): string {
    return index > staticEntries ? this.#table.value(this.#positionOf(index)) : (staticValues[index] as string)
  }

  #positionOf(index: number): number {
    const age = index - staticEntries
    if (age > this.#table.length) throw new CompressionError("a field's index is beyond the tables")
    return this.#table.next - age
  }
}

function nameOf(index: number): string {
  if (index === 0) throw new CompressionError("a field has index 0")
  return staticNames[index] as string
}

function readText(cursor: BlockCursor, secret: boolean): string {
  const huffman = ((cursor.block[cursor.at] ?? 0) & huffmanFlag) !== 0
  const bytes = cursor.integer(7)
  const start = cursor.skip(bytes)
  return texts.read(cursor.block, start, start + bytes, huffman, secret)
}
