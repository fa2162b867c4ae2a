import { crc32 } from "node:zlib"
import type { Configuration, Entry, HardState, LogPosition } from "#raft"
import { ByteReader, ByteWriter, MalformedError, numberSizeMax } from "#store"

/**
 * One record of the log on disk.
 *
 *      0        4             8              14     15     16           20      24          multiple of 8
 *      ├────────┼─────────────┼──────────────┼──────┼──────┼────────────┼───────┼───────────┬───────┤
 *      │ length │ payload crc │ batch number │ kind │ last │ header crc │ place │ payload … │ zeros │
 *      └────────┴─────────────┴──────────────┴──────┴──────┴────────────┴───────┴───────────┴───────┘
 *
 * `length` is the payload's. The checksums begin with the segment's number, so a record that belongs to another file
 * does not pass. A batch is what was made durable by one write; `last` marks its end: with it, and with a length that
 * can be trusted, one can tell a write that a crash cut short from bytes that rotted after they were durable. `place` is
 * where in its segment the record belongs, plus one (zero: a log of before this was noted): a disk that put a write
 * elsewhere has lost one that it said to have.
 */
export type LogRecord =
  /** The first record of each segment: what must be known when the segments before it are gone. */
  | {
      readonly kind: "segment"
      readonly segment: number
      readonly hardState: HardState
      readonly configuration: Configuration
      readonly before: LogPosition
    }
  | { readonly kind: "hard-state"; readonly hardState: HardState }
  | { readonly kind: "snapshot"; readonly at: LogPosition; readonly configuration: Configuration }
  | { readonly kind: "entry"; readonly entry: Entry }

export const recordHeaderSize = 24
const alignment = 8

/** Index in the list plus one is the byte on disk: a zero is never a kind, so zeros are never a record. */
const kinds = ["segment", "hard-state", "snapshot", "entry"] as const
const entryKinds = ["command", "noop", "configuration"] as const

/** Bytes that the record takes at most. */
export function recordSizeMax(record: LogRecord): number {
  return recordHeaderSize + payloadSizeMax(record) + alignment
}

/** Writes the record, which belongs at `place.at` of its segment, to `target` from `offset` on; returns where the next one goes. */
export function writeRecord(
  target: Buffer,
  offset: number,
  record: LogRecord,
  place: { readonly segment: number; readonly at: number; readonly batch: number; readonly last: boolean },
): number {
  const start = offset + recordHeaderSize
  const writer = new ByteWriter(target.subarray(start, start + payloadSizeMax(record)))
  writePayload(writer, record)
  const end = start + writer.size
  target.writeUInt32LE(writer.size, offset)
  target.writeUIntLE(place.batch, offset + 8, 6)
  target[offset + 14] = kinds.indexOf(record.kind) + 1
  target[offset + 15] = place.last ? 1 : 0
  target.writeUInt32LE(crc32(target.subarray(start, end), place.segment), offset + 4)
  target.writeUInt32LE(crc32(target.subarray(offset, offset + 16), place.segment), offset + 16)
  target.writeUInt32LE(place.at + 1, offset + 20)
  const next = Math.ceil(end / alignment) * alignment
  target.fill(0, end, next)
  return next
}

export interface ReadRecord {
  readonly record: LogRecord
  readonly batch: number
  readonly last: boolean
  readonly next: number
  /** It is whole, but belongs elsewhere in the segment. */
  readonly isMoved: boolean
}

/** The record at `offset` of the segment that `bytes` are, or why there is none. The entry's data is a view of `bytes`. */
export function readRecord(bytes: Buffer, offset: number, segment: number): ReadRecord | "nothing" | "damaged" {
  if (offset + recordHeaderSize > bytes.length) return isZero(bytes, offset, bytes.length) ? "nothing" : "damaged"
  if (isZero(bytes, offset, offset + recordHeaderSize)) return "nothing"
  const end = readRecordEnd(bytes, offset, segment)
  if (end === undefined || end > bytes.length) return "damaged"
  const payload = bytes.subarray(offset + recordHeaderSize, end)
  if (crc32(payload, segment) !== bytes.readUInt32LE(offset + 4)) return "damaged"
  const kind = kinds[(bytes[offset + 14] ?? 0) - 1]
  if (kind === undefined) return "damaged"
  const record = readPayload(new ByteReader(payload), kind)
  const last = bytes[offset + 15] === 1
  const place = bytes.readUInt32LE(offset + 20)
  const isMoved = place !== 0 && place !== offset + 1
  const next = Math.ceil(end / alignment) * alignment
  return { record, batch: bytes.readUIntLE(offset + 8, 6), last, next, isMoved }
}

/** Where the record at `offset` ends, if its header is whole. */
export function readRecordEnd(bytes: Buffer, offset: number, segment: number): number | undefined {
  if (offset + recordHeaderSize > bytes.length) return undefined
  const checksum = crc32(bytes.subarray(offset, offset + 16), segment)
  if (checksum !== bytes.readUInt32LE(offset + 16)) return undefined
  return offset + recordHeaderSize + bytes.readUInt32LE(offset)
}

const zeros = Buffer.alloc(64 * 1024)

export function isZero(bytes: Buffer, from: number, to: number): boolean {
  for (let at = from; at < to; at += zeros.length) {
    const end = Math.min(at + zeros.length, to)
    if (bytes.compare(zeros, 0, end - at, at, end) !== 0) return false
  }
  return true
}

/** Where the zeros begin with which the bytes end. */
export function writtenExtent(bytes: Buffer): number {
  let extent = bytes.length
  while (extent >= zeros.length && isZero(bytes, extent - zeros.length, extent)) extent -= zeros.length
  while (extent > 0 && bytes[extent - 1] === 0) extent--
  return extent
}

function payloadSizeMax(record: LogRecord): number {
  if (record.kind === "entry") return 1 + 2 * numberSizeMax + record.entry.data.length
  const configuration = record.kind === "hard-state" ? 0 : configurationSizeMax(record.configuration)
  return 6 * numberSizeMax + configuration
}

function configurationSizeMax({ voters, outgoing, learners }: Configuration): number {
  return numberSizeMax * (3 + voters.length + outgoing.length + learners.length)
}

function writePayload(writer: ByteWriter, record: LogRecord): void {
  switch (record.kind) {
    case "entry":
      writer.byte(entryKinds.indexOf(record.entry.kind))
      writePosition(writer, record.entry)
      writer.rest(record.entry.data)
      break
    case "hard-state":
      writeHardState(writer, record.hardState)
      break
    case "snapshot":
      writePosition(writer, record.at)
      writeConfiguration(writer, record.configuration)
      break
    case "segment":
      writer.number(record.segment)
      writeHardState(writer, record.hardState)
      writePosition(writer, record.before)
      writeConfiguration(writer, record.configuration)
  }
}

function readPayload(reader: ByteReader, kind: LogRecord["kind"]): LogRecord {
  switch (kind) {
    case "entry": {
      const entryKind = entryKinds[reader.byte()]
      if (entryKind === undefined) throw new MalformedError("entry of an unknown kind")
      const { index, term } = readPosition(reader)
      return { kind, entry: { index, term, kind: entryKind, data: reader.rest() } }
    }
    case "hard-state":
      return { kind, hardState: readHardState(reader) }
    case "snapshot":
      return { kind, at: readPosition(reader), configuration: readConfiguration(reader) }
    case "segment": {
      const segment = reader.number()
      const hardState = readHardState(reader)
      const before = readPosition(reader)
      return { kind, segment, hardState, before, configuration: readConfiguration(reader) }
    }
  }
}

function writeHardState(writer: ByteWriter, { term, vote, commit }: HardState): void {
  writer.number(term)
  writer.number(vote)
  writer.number(commit)
}

function readHardState(reader: ByteReader): HardState {
  return { term: reader.number(), vote: reader.number(), commit: reader.number() }
}

function writePosition(writer: ByteWriter, { index, term }: LogPosition): void {
  writer.number(index)
  writer.number(term)
}

function readPosition(reader: ByteReader): LogPosition {
  return { index: reader.number(), term: reader.number() }
}

export function writeConfiguration(writer: ByteWriter, { voters, outgoing, learners }: Configuration): void {
  for (const list of [voters, outgoing, learners]) {
    writer.number(list.length)
    for (const member of list) writer.number(member)
  }
}

export function readConfiguration(reader: ByteReader): Configuration {
  const list = (): number[] => {
    const found: number[] = []
    for (let left = reader.number(); left > 0; left--) found.push(reader.number())
    return found
  }
  return { voters: list(), outgoing: list(), learners: list() }
}
