/** Bytes that an entry counts for besides its texts (RFC 7541, section 4.1). */
export const entryOverheadBytes = 32
const fieldsAtFirst = 8

/** Hears of what leaves a table to make room. */
type Evicted = (name: string, value: string, position: number) => void

/**
 * The fields that one side of a connection has sent last (RFC 7541, section 2.3.2), both ends keep it alike. An entry is
 * known by its position, which counts all that ever came in; its index, as it is sent, counts back from the newest.
 */
export class DynamicTable {
  #sizeMax: number
  readonly #evicted: Evicted | undefined
  /** A ring of names and one of values; their length is a power of two. */
  #names: string[] = new Array(fieldsAtFirst).fill("")
  #values: string[] = new Array(fieldsAtFirst).fill("")
  #size = 0
  #oldest = 0
  #next = 0

  constructor(sizeMax: number, evicted?: Evicted) {
    this.#sizeMax = sizeMax
    this.#evicted = evicted
  }

  /** Bytes that it counts now. */
  get size(): number {
    return this.#size
  }

  /** Bytes that it may count. */
  get sizeMax(): number {
    return this.#sizeMax
  }

  /** Position that the next entry gets. */
  get next(): number {
    return this.#next
  }

  get length(): number {
    return this.#next - this.#oldest
  }

  /** Of an entry that is there. */
  name(position: number): string {
    return this.#names[position & (this.#names.length - 1)] as string
  }

  value(position: number): string {
    return this.#values[position & (this.#values.length - 1)] as string
  }

  /** An entry larger than all the room empties the table, and is not in it. */
  add(name: string, value: string): void {
    const size = name.length + value.length + entryOverheadBytes
    this.#makeRoom(this.#sizeMax - size)
    if (size > this.#sizeMax) return
    if (this.length === this.#names.length) this.#grow()
    const slot = this.#next & (this.#names.length - 1)
    this.#names[slot] = name
    this.#values[slot] = value
    this.#size += size
    this.#next++
  }

  resize(sizeMax: number): void {
    this.#sizeMax = sizeMax
    this.#makeRoom(sizeMax)
  }

  #makeRoom(sizeMax: number): void {
    while (this.#size > sizeMax && this.length > 0) {
      const position = this.#oldest++
      const slot = position & (this.#names.length - 1)
      const name = this.#names[slot] as string
      const value = this.#values[slot] as string
      this.#names[slot] = ""
      this.#values[slot] = ""
      this.#size -= name.length + value.length + entryOverheadBytes
      this.#evicted?.(name, value, position)
    }
  }

  #grow(): void {
    const names = new Array<string>(this.#names.length * 2).fill("")
    const values = new Array<string>(names.length).fill("")
    for (let position = this.#oldest; position < this.#next; position++) {
      names[position & (names.length - 1)] = this.name(position)
      values[position & (names.length - 1)] = this.value(position)
    }
    this.#names = names
    this.#values = values
  }
}
