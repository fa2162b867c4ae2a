import { crc32 } from "node:zlib"
import { ByteReader, ByteWriter, numberSizeMax } from "#store"
import { CorruptStateError, checksumSize } from "./checksum.ts"

/**
 * A whole state as a stream of bytes, as one member sends it to another.
 *
 *     ┌─────────┬──────┬───────────┬─────┬─────────────┬───────┬── … ──┬─────┬───────┬──────────┐
 *     │ version │ kind │ key size  │ key │ value size  │ value │       │ end │ count │ checksum │
 *     └─────────┴──────┴───────────┴─────┴─────────────┴───────┴── … ──┴─────┴───────┴──────────┘
 *
 * Keys and values are as they lie in the table, each value under a checksum of its own that its place is part of; the
 * checksum at the end is of everything before it, so that nothing can be missing. First comes the checkpoint, then
 * leases and notes, then changes in order of revision: the order in which a state machine takes them in.
 */
const version = 1
/** Longest key and value that are believed in, in bytes: a damaged length must not make the reader wait for gigabytes. */
const partSizeMax = 64 * 1024 * 1024

const kinds = ["end", "checkpoint", "lease", "note", "change"] as const

export interface StateRecord {
  readonly kind: Exclude<(typeof kinds)[number], "end">
  readonly key: Uint8Array
  readonly value: Uint8Array
}

/** Bytes that are set aside for a chunk before it is known how much comes. */
const roomFirst = 64 * 1024

/** Makes chunks of what `record` is told, whose bytes are copied once and may change afterwards. */
export class StateWriter {
  #room = Buffer.allocUnsafe(roomFirst)
  #size = 1
  #count = 0
  #checksum = 0

  constructor() {
    this.#room[0] = version
  }

  get size(): number {
    return this.#size
  }

  record({ kind, key, value }: StateRecord): void {
    const writer = this.#writer(1 + 2 * numberSizeMax + key.length + value.length)
    writer.byte(kinds.indexOf(kind))
    writer.bytes(key)
    writer.bytes(value)
    this.#size += writer.size
    this.#count++
  }

  end(): void {
    const writer = this.#writer(1 + numberSizeMax + checksumSize)
    writer.byte(kinds.indexOf("end"))
    writer.number(this.#count)
    this.#size += writer.size
    const checksum = crc32(this.#room.subarray(0, this.#size), this.#checksum)
    this.#size = this.#room.writeUInt32LE(checksum, this.#size)
  }

  /** What was told since the last time. */
  take(): Buffer {
    const chunk = this.#room.subarray(0, this.#size)
    this.#checksum = crc32(chunk, this.#checksum)
    this.#room = Buffer.allocUnsafe(roomFirst)
    this.#size = 0
    return chunk
  }

  /** Writes behind what there is, where so much has room. */
  #writer(size: number): ByteWriter {
    if (this.#size + size > this.#room.length) {
      const room = Buffer.allocUnsafe(this.#size + Math.max(size, roomFirst))
      this.#room.copy(room, 0, 0, this.#size)
      this.#room = room
    }
    return new ByteWriter(this.#room.subarray(this.#size))
  }
}

/** Takes chunks as they come and gives the records that are whole by then: views of bytes that are nobody else's. */
export class StateReader {
  #parts: Uint8Array[] = []
  #size = 0
  /** Bytes without which the next record cannot be whole: before they are here, chunks are only gathered. */
  #wanted = 1
  #count = 0
  #checksum = 0
  #isBegun = false
  #isEnded = false

  /** Throws CorruptStateError when this cannot be part of a state. */
  take(chunk: Uint8Array): StateRecord[] {
    this.#parts.push(chunk)
    this.#size += chunk.length
    if (this.#size < this.#wanted) return []
    const bytes = this.#joined(chunk)
    const found: StateRecord[] = []
    let at = this.#begin(bytes)
    while (at < bytes.length) {
      if (this.#isEnded) throw damaged("goes on after its end")
      const next = this.#read(bytes, at, found)
      if (next === undefined) break
      at = next
    }
    this.#checksum = crc32(bytes.subarray(0, at), this.#checksum)
    const rest = bytes.subarray(at)
    this.#parts = rest.length === 0 ? [] : [rest]
    this.#size = rest.length
    this.#wanted = sizeWanted(rest)
    return found
  }

  /** No more comes: throws CorruptStateError unless the state is whole. */
  finish(): void {
    if (!this.#isEnded) throw damaged("ends early")
  }

  #joined(last: Uint8Array): Buffer {
    if (this.#parts.length > 1) return Buffer.concat(this.#parts, this.#size)
    return Buffer.from(last.buffer, last.byteOffset, last.length)
  }

  #begin(bytes: Buffer): number {
    if (this.#isBegun || bytes.length === 0) return 0
    if (bytes[0] !== version) throw damaged(`is of format ${bytes[0]}; ${version} is known`)
    this.#isBegun = true
    return 1
  }

  /** Where the next record begins; undefined when this one is not whole yet. */
  #read(bytes: Buffer, at: number, found: StateRecord[]): number | undefined {
    const kind = kinds[bytes[at] ?? 0]
    if (kind === undefined) throw damaged(`has a record of kind ${bytes[at]}`)
    if (kind === "end") return this.#readEnd(bytes, at)
    const key = readPart(bytes, at + 1)
    const value = key && readPart(bytes, key.end)
    if (key === undefined || value === undefined) return undefined
    found.push({ kind, key: bytes.subarray(key.start, key.end), value: bytes.subarray(value.start, value.end) })
    this.#count++
    return value.end
  }

  #readEnd(bytes: Buffer, at: number): number | undefined {
    const count = readNumber(bytes, at + 1)
    if (count === undefined || bytes.length < count.end + checksumSize) return undefined
    const checksum = crc32(bytes.subarray(0, count.end), this.#checksum)
    if (count.number !== this.#count) throw damaged(`has ${this.#count} records of ${count.number}`)
    if (bytes.readUInt32LE(count.end) !== checksum) throw damaged("does not have the checksum that it was sent with")
    this.#isEnded = true
    return count.end + checksumSize
  }
}

/** How long the record is that begins here, as far as that shows already. */
function sizeWanted(bytes: Buffer): number {
  const keySize = readNumber(bytes, 1)
  if (keySize === undefined || kinds[bytes[0] ?? 0] === "end") return bytes.length + 1
  const valueSize = readNumber(bytes, keySize.end + keySize.number)
  return valueSize === undefined ? bytes.length + 1 : valueSize.end + valueSize.number
}

function readPart(bytes: Buffer, at: number): { readonly start: number; readonly end: number } | undefined {
  const length = readNumber(bytes, at)
  if (length === undefined) return undefined
  if (length.number > partSizeMax) throw damaged(`has a part of ${length.number} bytes`)
  const end = length.end + length.number
  return end > bytes.length ? undefined : { start: length.end, end }
}

/** Undefined when the number is not whole yet. */
function readNumber(bytes: Buffer, at: number): { readonly number: number; readonly end: number } | undefined {
  let end = at
  while ((bytes[end] ?? 0) >= 0x80) end++
  if (end >= bytes.length) return undefined
  if (end - at >= numberSizeMax) throw damaged("has a number that is too long")
  return { number: new ByteReader(bytes.subarray(at, end + 1)).number(), end: end + 1 }
}

function damaged(what: string): CorruptStateError {
  return new CorruptStateError(`a state that was received ${what}`)
}
