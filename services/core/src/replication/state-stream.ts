import { crc32 } from "node:zlib"
import { ByteReader, ByteWriter, numberSizeMax } from "#store"
import { CorruptStateError } from "./checksum.ts"

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

/** Makes chunks of about `chunkSize` bytes of what `record` is told. */
export class StateWriter {
  #parts: Buffer[] = [Buffer.from([version])]
  #size = 1
  #count = 0
  #checksum = 0

  get size(): number {
    return this.#size
  }

  record({ kind, key, value }: StateRecord): void {
    const head = Buffer.alloc(1 + 2 * numberSizeMax + key.length)
    const writer = new ByteWriter(head)
    writer.byte(kinds.indexOf(kind))
    writer.bytes(key)
    writer.number(value.length)
    this.#push(writer.finish(), Buffer.from(value.buffer, value.byteOffset, value.length))
    this.#count++
  }

  end(): void {
    const writer = new ByteWriter(Buffer.alloc(1 + numberSizeMax + 4))
    writer.byte(kinds.indexOf("end"))
    writer.number(this.#count)
    this.#push(writer.finish())
    const checksum = Buffer.alloc(4)
    checksum.writeUInt32LE(this.#parts.reduce((sum, part) => crc32(part, sum), this.#checksum))
    this.#push(checksum)
  }

  /** What was told since the last time. */
  take(): Buffer {
    const chunk = Buffer.concat(this.#parts)
    this.#checksum = crc32(chunk, this.#checksum)
    this.#parts = []
    this.#size = 0
    return chunk
  }

  #push(...parts: Buffer[]): void {
    for (const part of parts) {
      this.#parts.push(part)
      this.#size += part.length
    }
  }
}

/** Takes chunks as they come and gives the records that are whole by then. */
export class StateReader {
  #rest = Buffer.alloc(0)
  #count = 0
  #checksum = 0
  #isBegun = false
  #isEnded = false

  /** Throws CorruptStateError when this cannot be part of a state. */
  take(chunk: Uint8Array): StateRecord[] {
    const bytes = Buffer.concat([this.#rest, chunk])
    const found: StateRecord[] = []
    let at = this.#begin(bytes)
    while (at < bytes.length) {
      if (this.#isEnded) throw damaged("goes on after its end")
      const next = this.#read(bytes, at, found)
      if (next === undefined) break
      at = next
    }
    this.#checksum = crc32(bytes.subarray(0, at), this.#checksum)
    this.#rest = bytes.subarray(at)
    return found
  }

  /** No more comes: throws CorruptStateError unless the state is whole. */
  finish(): void {
    if (!this.#isEnded) throw damaged("ends early")
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
    if (count === undefined || bytes.length < count.end + 4) return undefined
    const checksum = crc32(bytes.subarray(0, count.end), this.#checksum)
    if (count.number !== this.#count) throw damaged(`has ${this.#count} records of ${count.number}`)
    if (bytes.readUInt32LE(count.end) !== checksum) throw damaged("does not have the checksum that it was sent with")
    this.#isEnded = true
    return count.end + 4
  }
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
