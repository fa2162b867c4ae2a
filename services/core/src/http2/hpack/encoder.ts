import { DynamicTable } from "./dynamic-table.ts"
import { integerBytesMax, writeInteger } from "./integer.ts"
import { staticEntries, staticEntryOf } from "./static-table.ts"

const indexedFlag = 0x80
const remembersFlag = 0x40
const sizeFlag = 0x20
const secretFlag = 0x10

/** Size of a table before the other end has said another one, and the most that we fill of a larger. */
const tableSizeUsual = 4096
/** Larger values are not worth what they push out of the table. */
const rememberedBytesMax = 1024
/** Names of which the last value is known; a server has fewer, but passes others' on. */
const namesMax = 64
/** Lists that are sent again and again over one connection: the head of an answer, and what follows it. */
const keptMax = 2
/** What nobody on the way may put into a table (RFC 7541, section 7.1.3). */
const secretNames: ReadonlySet<string> = new Set(["authorization", "proxy-authorization", "cookie", "set-cookie"])

/** What is known of one name. */
interface Name {
  /** Undefined: it was not sent yet. */
  lastValue: string | undefined
  /** Positions in the table by value. */
  readonly positions: Map<string, number>
}

interface Kept {
  readonly headers: readonly string[]
  readonly bytes: Buffer
}

let scratch = Buffer.allocUnsafeSlow(4096)

/**
 * Writes the header blocks of one connection. A field goes into the table when it is sent with the same value for the second
 * time in a row: numbers, dates and ids, of which each is another, stay out without anybody having to name them. Texts are
 * never sent in Huffman's code: what repeats is an index anyway, and the rest costs more to encode than to send.
 */
export class HeaderEncoder {
  readonly #table: DynamicTable
  readonly #names = new Map<string, Name>()
  #kept: Kept[] = []
  /** The other end's last word on the table's size, and the least since the last block, which it has to hear of too. */
  #sizeMax = tableSizeUsual
  #sizeLeast = tableSizeUsual
  /** A block was begun and never sent: the other end knows less of the table than we do. */
  #isLost = false
  #at = 0

  constructor() {
    this.#table = new DynamicTable(tableSizeUsual, (name, value, position) => this.#forget(name, value, position))
  }

  /** Bytes of the table that the other end keeps for us. */
  setTableSize(max: number): void {
    this.#sizeMax = Math.min(max, tableSizeUsual)
    this.#sizeLeast = Math.min(this.#sizeLeast, this.#sizeMax)
    this.#kept = []
  }

  /**
   * A block of name, value, name, value…; names in lower case. The bytes are good until the next block of any encoder. A list
   * that is frozen is taken to be a constant: the same one again is not looked at. Throws a TypeError for a text that is not
   * made of octets, and stays good for other lists.
   */
  encode(headers: readonly string[]): Buffer {
    for (const { headers: known, bytes } of this.#kept) if (known === headers) return bytes
    const bytesMax = blockBytesMax(headers)
    if (bytesMax > scratch.length) scratch = Buffer.allocUnsafeSlow(2 * bytesMax)
    try {
      this.#encode(headers)
    } catch (error) {
      this.#isLost = true
      this.#kept = []
      throw error
    }
    return scratch.subarray(0, this.#at)
  }

  #encode(headers: readonly string[]): void {
    this.#at = 0
    this.#writeSize()
    const before = this.#table.next
    let isSettled = this.#at === 0
    for (let at = 0; at + 1 < headers.length; at += 2) {
      if (!this.#field(headers[at] as string, headers[at + 1] as string)) isSettled = false
    }
    // Indexes count back from the newest entry.
    if (this.#table.next !== before) this.#kept = []
    if (!isSettled || !Object.isFrozen(headers)) return
    this.#keep({ headers, bytes: Buffer.copyBytesFrom(scratch, 0, this.#at) })
  }

  #keep(kept: Kept): void {
    if (this.#kept.length === keptMax) this.#kept.shift()
    this.#kept.push(kept)
  }

  #writeSize(): void {
    if (this.#isLost) this.#resize(0)
    else if (this.#sizeLeast < this.#table.sizeMax) this.#resize(this.#sizeLeast)
    if (this.#isLost || this.#sizeMax !== this.#table.sizeMax) this.#resize(this.#sizeMax)
    this.#isLost = false
    this.#sizeLeast = this.#sizeMax
  }

  #resize(size: number): void {
    this.#table.resize(size)
    this.#at = writeInteger(scratch, this.#at, size, 5, sizeFlag)
  }

  /** Whether it was sent as nothing but an index, and will be the next time. */
  #field(name: string, value: string): boolean {
    const fixed = staticEntryOf.get(name)
    const fixedIndex = fixed?.indexOfValue.get(value)
    if (fixedIndex !== undefined) return this.#index(fixedIndex)
    const known = this.#names.get(name) ?? this.#learn(name)
    const position = known?.positions.get(value)
    if (position !== undefined) return this.#index(this.#indexOf(position))
    const remembers = known !== undefined && known.lastValue === value && value.length <= rememberedBytesMax
    if (known) known.lastValue = value
    const nameIndex = fixed?.nameIndex ?? this.#indexOfName(known)
    if (remembers) this.#at = writeInteger(scratch, this.#at, nameIndex, 6, remembersFlag)
    else this.#at = writeInteger(scratch, this.#at, nameIndex, 4, secretNames.has(name) ? secretFlag : 0)
    if (nameIndex === 0) this.#text(name)
    this.#text(value)
    if (remembers) this.#remember(known, name, value)
    return false
  }

  #index(index: number): true {
    this.#at = writeInteger(scratch, this.#at, index, 7, indexedFlag)
    return true
  }

  #indexOf(position: number): number {
    return staticEntries + this.#table.next - position
  }

  #indexOfName(known: Name | undefined): number {
    for (const position of known?.positions.values() ?? []) return this.#indexOf(position)
    return 0
  }

  #learn(name: string): Name | undefined {
    if (this.#names.size >= namesMax || secretNames.has(name)) return undefined
    const known = { lastValue: undefined, positions: new Map<string, number>() }
    this.#names.set(name, known)
    return known
  }

  #remember(known: Name, name: string, value: string): void {
    const position = this.#table.next
    this.#table.add(name, value)
    if (this.#table.next > position) known.positions.set(value, position)
  }

  #forget(name: string, value: string, position: number): void {
    const positions = this.#names.get(name)?.positions
    if (positions?.get(value) === position) positions.delete(value)
  }

  #text(text: string): void {
    const target = scratch
    const at = writeInteger(target, this.#at, text.length, 7, 0)
    for (let index = 0; index < text.length; index++) {
      const octet = text.charCodeAt(index)
      if (octet > 0xff) throw new TypeError(`a header holds U+${octet.toString(16).padStart(4, "0")}: octets only`)
      target[at + index] = octet
    }
    this.#at = at + text.length
  }
}

/** Bytes of a block in which everything is sent at its longest. */
function blockBytesMax(headers: readonly string[]): number {
  let bytes = 2 * integerBytesMax
  for (const text of headers) bytes += text.length + 2 * integerBytesMax
  return bytes
}
