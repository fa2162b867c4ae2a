import { type Beside, ByteReader, ByteWriter, type Change, MalformedError, type Note, numberSizeMax } from "#store"

/** What a file of a backup is made of, in the order in which it happened. */
export type BackupRecord =
  | { readonly kind: "change"; readonly change: Change }
  /** All leases that there are from here on. */
  | { readonly kind: "leases"; readonly leases: Beside["leases"]; readonly lastLeaseId: number }
  /** From here on there are only the notes that follow. */
  | { readonly kind: "no-notes" }
  | { readonly kind: "note"; readonly name: string; readonly note: Note }

/** The byte that a record begins with is its place in this list, from 1. */
const kinds = ["change", "leases", "no-notes", "note"] as const

export function encodeRecord(record: BackupRecord): Buffer {
  const writer = new ByteWriter(Buffer.allocUnsafe(sizeMax(record)))
  writer.byte(kinds.indexOf(record.kind) + 1)
  switch (record.kind) {
    case "change": {
      const { key, value, createRevision, modRevision, version, lease } = record.change
      for (const number of [modRevision, createRevision, version, lease]) writer.number(number)
      writer.key(key)
      writer.bytes(value)
      break
    }
    case "leases":
      writer.number(record.lastLeaseId)
      writer.number(record.leases.length)
      for (const { id, ttlSeconds } of record.leases) {
        writer.number(id)
        writer.number(ttlSeconds)
      }
      break
    case "note":
      writer.key(record.name)
      writer.number(record.note.version)
      writer.bytes(record.note.value)
      break
    case "no-notes":
      break
  }
  return writer.finish()
}

/** The records of a file's body. Values are views of it. Throws MalformedError. */
export function* decodeRecords(body: Uint8Array): Generator<BackupRecord> {
  const reader = new ByteReader(body)
  while (reader.left > 0) yield readRecord(reader)
}

function readRecord(reader: ByteReader): BackupRecord {
  const byte = reader.byte()
  const kind = kinds[byte - 1]
  switch (kind) {
    case "change": {
      const modRevision = reader.number()
      const createRevision = reader.number()
      const version = reader.number()
      const lease = reader.number()
      const key = reader.key()
      return { kind, change: { key, value: reader.bytes(), createRevision, modRevision, version, lease } }
    }
    case "leases": {
      const lastLeaseId = reader.number()
      const leases: { id: number; ttlSeconds: number }[] = []
      for (let left = reader.number(); left > 0; left--)
        leases.push({ id: reader.number(), ttlSeconds: reader.number() })
      return { kind, leases, lastLeaseId }
    }
    case "no-notes":
      return { kind }
    case "note": {
      const name = reader.key()
      const version = reader.number()
      // A copy: notes are kept when the file is long gone.
      return { kind, name, note: { version, value: Buffer.from(reader.bytes()) } }
    }
    default:
      throw new MalformedError(`${byte} is no kind of record; 1 to ${kinds.length} are`)
  }
}

function sizeMax(record: BackupRecord): number {
  switch (record.kind) {
    case "change":
      return 1 + 6 * numberSizeMax + record.change.key.length + record.change.value.length
    case "leases":
      return 1 + (2 + 2 * record.leases.length) * numberSizeMax
    case "no-notes":
      return 1
    case "note":
      return 1 + 3 * numberSizeMax + record.name.length + record.note.value.length
  }
}
