import { must } from "@wick/sdk/assert"
import type { Database, Transaction } from "lmdb"
import { changeKey, decodeChange, readChangeKey } from "./change-codec.ts"
import { decodeLease, decodeNote } from "./state-codec.ts"
import { type StateRecord, StateWriter } from "./state-stream.ts"
import type { StateSource } from "./transport.ts"

/** Bytes that are read at once, between which others get their turn; more only where one record is larger. */
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
  // Values are copied once, into what is sent: until the next is read, their bytes are LMDB's own.
  for (const key of tables.change.getKeys({ start: changeKey(0, 0), transaction })) {
    const value = bytesAt(tables.change, key, transaction)
    decodeChange(value, readChangeKey(key).revision)
    yield { kind: "change", key, value }
  }
}

/** A view of LMDB's own bytes, whose buffer is longer than what it holds. Its types leave out that a transaction is taken. */
function bytesAt(table: Tables["change"], key: Buffer, transaction: Transaction): Buffer {
  const read: (key: Buffer, options: { transaction: Transaction }) => Buffer | undefined = table.getBinaryFast
  const { buffer, byteOffset, length } = must(read.call(table, key, { transaction }), "a key that is listed is there")
  return Buffer.from(buffer, byteOffset, length)
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
