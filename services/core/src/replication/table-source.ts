import type { Database, Transaction } from "lmdb"
import { changeKey, decodeChange, readChangeKey } from "./change-codec.ts"
import { decodeLease, decodeNote } from "./state-codec.ts"
import { type StateRecord, StateWriter } from "./state-stream.ts"
import type { StateSource } from "./transport.ts"

/** Bytes that are read at once, between which others get their turn. */
const chunkSize = 64 * 1024

interface Tables {
  readonly change: Database<Buffer, Buffer>
  readonly lease: Database<Buffer, number>
  readonly note: Database<Buffer, string>
}

/** The table as one read transaction sees it: what is written later does not show, for as long as this is open. */
export function sourceOfTable(checkpoint: Buffer, tables: Tables, transaction: Transaction): StateSource {
  let isOpen = true
  const readers = new Set<Generator<Buffer>>()
  return {
    size: undefined,
    open: (offset) => {
      const reader = chunks(checkpoint, tables, transaction)
      readers.add(reader)
      return from(offset, reader)
    },
    close: async () => {
      if (!isOpen) return
      isOpen = false
      // Who has stopped in the middle has a cursor, which must not outlive its transaction.
      for (const reader of readers) reader.return(undefined)
      transaction.done()
    },
  }
}

function* chunks(checkpoint: Buffer, tables: Tables, transaction: Transaction): Generator<Buffer> {
  const writer = new StateWriter()
  for (const record of records(checkpoint, tables, transaction)) {
    writer.record(record)
    if (writer.size >= chunkSize) yield writer.take()
  }
  writer.end()
  yield writer.take()
}

/** Each is decoded, which shows whether it is what was written: damage must not be sent to others. */
function* records(checkpoint: Buffer, tables: Tables, transaction: Transaction): Generator<StateRecord> {
  yield { kind: "checkpoint", key: Buffer.alloc(0), value: checkpoint }
  for (const { key: id, value } of tables.lease.getRange({ transaction })) {
    decodeLease(id, value)
    yield { kind: "lease", key: leaseKey(id), value }
  }
  for (const { key: name, value } of tables.note.getRange({ transaction })) {
    decodeNote(name, value)
    yield { kind: "note", key: Buffer.from(name, "latin1"), value }
  }
  for (const { key, value } of tables.change.getRange({ start: changeKey(0, 0), transaction })) {
    decodeChange(value, readChangeKey(key).revision)
    yield { kind: "change", key, value }
  }
}

export function leaseKey(id: number): Buffer {
  const key = Buffer.alloc(8)
  key.writeBigUInt64BE(BigInt(id))
  return key
}

export function readLeaseKey(key: Uint8Array): number {
  return Number(Buffer.from(key).readBigUInt64BE())
}

async function* from(offset: number, all: Iterable<Buffer>): AsyncGenerator<Uint8Array> {
  let skip = offset
  for (const chunk of all) {
    if (skip < chunk.length) yield chunk.subarray(skip)
    skip = Math.max(0, skip - chunk.length)
  }
}
