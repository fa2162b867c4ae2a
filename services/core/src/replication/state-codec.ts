import { ByteReader, ByteWriter, type Lease, type Note, numberSizeMax } from "#store"
import type { Checkpoint } from "./applied-state.ts"
import { CorruptStateError, checksumSize, seal, unseal } from "./checksum.ts"
import { readConfiguration, writeConfiguration } from "./log-record.ts"

/** What the state's table has besides changes, as bytes, each with a checksum that its place is part of. */

export function encodeCheckpoint({ applied, configuration, position }: Checkpoint): Buffer {
  const members = configuration.voters.length + configuration.outgoing.length + configuration.learners.length
  const bytes = Buffer.alloc(checksumSize + numberSizeMax * (9 + members))
  const writer = new ByteWriter(bytes.subarray(checksumSize))
  for (const number of [applied.index, applied.term, position.revision, position.compactRevision]) writer.number(number)
  writer.number(position.timeMs)
  writer.number(position.lastLeaseId)
  writeConfiguration(writer, configuration)
  return seal(bytes.subarray(0, checksumSize + writer.size), 0)
}

export function decodeCheckpoint(bytes: Uint8Array): Checkpoint {
  const reader = new ByteReader(unseal(bytes, 0, "its checkpoint"))
  const applied = { index: reader.number(), term: reader.number() }
  const revision = reader.number()
  const compactRevision = reader.number()
  const timeMs = reader.number()
  const position = { revision, compactRevision, timeMs, lastLeaseId: reader.number() }
  return { applied, position, configuration: readConfiguration(reader) }
}

export function encodeLease({ id, ttlSeconds, deadlineMs }: Lease): Buffer {
  const bytes = Buffer.alloc(checksumSize + 2 * numberSizeMax)
  const writer = new ByteWriter(bytes.subarray(checksumSize))
  writer.number(ttlSeconds)
  writer.number(deadlineMs)
  return seal(bytes, id)
}

export function decodeLease(id: number, bytes: Uint8Array): Lease {
  const reader = new ByteReader(unseal(bytes, id, "lease", id))
  return { id, ttlSeconds: reader.number(), deadlineMs: reader.number() }
}

/** Its name is under the checksum too: a note in another's place is wrong. */
export function encodeNote(name: string, { version, value }: Note): Buffer {
  const bytes = Buffer.alloc(checksumSize + 2 * numberSizeMax + name.length + value.length)
  const writer = new ByteWriter(bytes.subarray(checksumSize))
  writer.key(name)
  writer.number(version)
  writer.rest(value)
  return seal(bytes.subarray(0, checksumSize + writer.size), 0)
}

export function decodeNote(name: string, bytes: Uint8Array): Note {
  const reader = new ByteReader(unseal(bytes, 0, "note", name))
  const found = reader.key()
  if (found !== name) throw new CorruptStateError(`note ${name} holds that of ${found}`)
  const version = reader.number()
  return { version, value: Buffer.from(reader.rest()) }
}
