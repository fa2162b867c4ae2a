import { createHash } from "node:crypto"
import { crc32 } from "node:zlib"
import { type Random, seededRandom } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import * as wire from "#etcd-wire"
import { type Command, decodeCommand, encodeCommand, MalformedError } from "#store"
import { DamagedBackupError } from "../backup/backup-error.ts"
import { decodeFile, encodeFile, type SegmentHeader } from "../backup/backup-file.ts"
import { catalogOf } from "../backup/catalog.ts"
import { nameOf } from "../backup/object-name.ts"
import { decodeRecords, encodeRecord } from "../backup/record.ts"
import { readListing } from "../backup/s3-listing.ts"
import { FrameReader, frameOf } from "../peer/frame.ts"
import { decodeHello, encodeHello } from "../peer/greeting.ts"
import { decodeMessage, encodeMessage } from "../peer/message-codec.ts"
import { chunkFrame, readChunk, readOffer, readSize } from "../peer/snapshot-frames.ts"
import { decodeChange, encodeChange } from "../replication/change-codec.ts"
import { CorruptStateError, seal } from "../replication/checksum.ts"
import { type LogRecord, readRecord, recordHeaderSize, recordSizeMax, writeRecord } from "../replication/log-record.ts"
import { decodeAnswer, decodeCall, encodeAnswer, encodeCall } from "../replication/member-call.ts"
import { scanSegment } from "../replication/segment-scan.ts"
import {
  decodeCheckpoint,
  decodeLease,
  decodeNote,
  encodeCheckpoint,
  encodeLease,
  encodeNote,
} from "../replication/state-codec.ts"
import { StateReader, StateWriter } from "../replication/state-stream.ts"
import { mutate, pieces } from "./mutate.ts"

/** Inputs to each decoder: a few thousand, or as many as `WICK_FUZZ_RUNS` says, from `WICK_FUZZ_SEED` on. */
const runs = Number(process.env.WICK_FUZZ_RUNS ?? 2_000)
const seed = Number(process.env.WICK_FUZZ_SEED ?? 1)
const timeout = 20_000 + runs * 20
/** More than the largest input could need: whoever takes more has believed a length that was only claimed. */
const memoryMax = 64 * 1024 * 1024
const tookMaxMs = 2_000

// biome-ignore lint/suspicious/noExplicitAny: errors of any constructor
type Errors = readonly (new (...args: any[]) => Error)[]

interface Decoder {
  readonly samples: readonly Buffer[]
  readonly decode: (bytes: Buffer, random: Random) => unknown
  readonly errors: Errors
}

/** Each input gives a value or an error that has a name, soon, and without much memory. */
async function fuzz({ samples, decode, errors }: Decoder): Promise<void> {
  for (const sample of samples) await decode(sample, seededRandom(seed)) // whole ones are taken
  let refusals = 0
  for (let run = 0; run < runs; run++) {
    const random = seededRandom(seed * 1_000_003 + run)
    const bytes = mutate(samples, random)
    const before = memory()
    const startedAt = process.cpuUsage()
    try {
      await decode(bytes, random)
    } catch (error) {
      refusals++
      const named = errors.some((known) => error instanceof known)
      if (!named) throw new Error(`run ${run} of seed ${seed}, ${bytes.toString("hex")}`, { cause: error })
    }
    const took = { memory: memory() - before, ms: process.cpuUsage(startedAt).user / 1_000 }
    if (took.memory > memoryMax || took.ms > tookMaxMs) {
      throw new Error(
        `run ${run} of seed ${seed} took ${took.ms} ms and ${took.memory} bytes: ${bytes.toString("hex")}`,
      )
    }
  }
  expect(refusals).toBeGreaterThan(runs / 50) // else nothing was tried
}

function memory(): number {
  const { external, heapUsed, arrayBuffers } = process.memoryUsage()
  return external + heapUsed + arrayBuffers
}

const value = (text: string): Buffer => Buffer.from(text)
const configuration = { voters: [1, 2, 3], outgoing: [4], learners: [5] }
const put = { kind: "put", key: "a", value: value("xyz"), lease: 7, previous: true, keepLease: true } as const
const commands: readonly Command[] = [
  {
    kind: "txn",
    request: {
      compare: [
        { key: "a", target: "value", op: "=", value: value("v") },
        { key: "a", end: "b", target: "mod", op: "<", value: 2 ** 40 },
      ],
      success: [put, { kind: "delete", key: "a", end: "c" }, { kind: "range", key: "a", end: "z", limit: 3 }],
      failure: [{ kind: "txn", compare: [], success: [put], failure: [] }],
    },
  },
  { kind: "compact", revision: 300 },
  { kind: "grant", id: 0, ttlSeconds: 60 },
  { kind: "renew", id: 5 },
  { kind: "expire" },
  { kind: "note", name: "n", value: value("note"), expected: 2 },
]
const encodedCommands = commands.map((command, at) => encodeCommand({ timeMs: at * 1000, command }))
const change = { key: "key", value: value("value"), createRevision: 3, modRevision: 9, version: 2, lease: 1 }

const store: Record<string, Decoder> = {
  commands: { samples: encodedCommands, decode: decodeCommand, errors: [MalformedError] },
}

/** A transaction in a transaction, and so on. */
function nested(levels: number): Buffer {
  return Buffer.concat([
    Buffer.from([1, 0, 0]),
    Buffer.alloc(3 * levels, Buffer.from([0, 1, 3])),
    Buffer.alloc(3 + levels),
  ])
}

const segmentNumber = 3
const hardState = { term: 4, vote: 2, commit: 900 }
const records: readonly LogRecord[] = [
  { kind: "segment", segment: segmentNumber, hardState, configuration, before: { index: 8, term: 3 } },
  { kind: "hard-state", hardState },
  { kind: "snapshot", at: { index: 800, term: 4 }, configuration },
  { kind: "entry", entry: { index: 9, term: 4, kind: "command", data: value("data") } },
  { kind: "entry", entry: { index: 10, term: 4, kind: "noop", data: Buffer.alloc(0) } },
]

function logBytes(of: readonly LogRecord[]): Buffer {
  const bytes = Buffer.alloc(of.reduce((sum, record) => sum + recordSizeMax(record), 0))
  let at = 0
  of.forEach((record, index) => {
    at = writeRecord(bytes, at, record, { segment: segmentNumber, at, batch: 1 + index, last: true })
  })
  return bytes.subarray(0, at)
}

/** With the checksums that belong to what is there: what is read behind them is fuzzed too. */
function resealed(bytes: Buffer): Buffer {
  if (bytes.length < recordHeaderSize) return bytes
  const length = Math.min(bytes.readUInt32LE(0), bytes.length - recordHeaderSize)
  bytes.writeUInt32LE(length, 0)
  bytes.writeUInt32LE(crc32(bytes.subarray(recordHeaderSize, recordHeaderSize + length), segmentNumber), 4)
  bytes.writeUInt32LE(crc32(bytes.subarray(0, 16), segmentNumber), 16)
  return bytes
}

const checkpoint = {
  applied: { index: 5, term: 2 },
  configuration,
  position: { revision: 9, compactRevision: 2, timeMs: 1, lastLeaseId: 3 },
}
const lease = { id: 7, ttlSeconds: 60, deadlineMs: 2 ** 40 }

function stateBytes(): Buffer {
  const writer = new StateWriter()
  writer.record({ kind: "checkpoint", key: Buffer.alloc(0), value: encodeCheckpoint(checkpoint) })
  writer.record({ kind: "lease", key: value("1234"), value: encodeLease(lease) })
  writer.record({ kind: "change", key: value("0123456789"), value: encodeChange(change) })
  writer.end()
  return writer.take()
}

/** Half of the inputs with the right checksum in front. */
const sealedOrNot = (bytes: Buffer, at: number, random: Random): Buffer =>
  bytes.length > 4 && random.below(2) === 0 ? seal(bytes, at) : bytes

const replication: Record<string, Decoder> = {
  "records of the log": {
    samples: records.map((record) => logBytes([record])),
    decode: (bytes, random) => readRecord(random.below(4) === 0 ? bytes : resealed(bytes), 0, segmentNumber),
    errors: [MalformedError],
  },
  "segments of the log": {
    samples: [logBytes(records), Buffer.concat([logBytes(records), Buffer.alloc(4096)])],
    decode: (bytes, random) => {
      const scan = scanSegment(bytes, segmentNumber, undefined, random.below(2) === 0)
      if (scan.tail === "corrupt") throw new MalformedError("corrupt")
    },
    errors: [MalformedError],
  },
  "changes of the state": {
    samples: [encodeChange(change)],
    decode: (bytes, random) => decodeChange(sealedOrNot(bytes, 9, random), 9),
    errors: [MalformedError, CorruptStateError],
  },
  "leases of the state": {
    samples: [encodeLease(lease)],
    decode: (bytes, random) => decodeLease(7, sealedOrNot(bytes, 7, random)),
    errors: [MalformedError, CorruptStateError],
  },
  "notes of the state": {
    samples: [encodeNote("n", { version: 2, value: value("note") })],
    decode: (bytes, random) => decodeNote("n", sealedOrNot(bytes, 0, random)),
    errors: [MalformedError, CorruptStateError],
  },
  "checkpoints of the state": {
    samples: [encodeCheckpoint(checkpoint)],
    decode: (bytes, random) => decodeCheckpoint(sealedOrNot(bytes, 0, random)),
    errors: [MalformedError, CorruptStateError],
  },
  "states as they are sent": {
    samples: [stateBytes()],
    decode: (bytes, random) => {
      const reader = new StateReader()
      for (const piece of pieces(bytes, random)) reader.take(piece)
      reader.finish()
    },
    errors: [MalformedError, CorruptStateError],
  },
  "calls between members": {
    samples: [
      encodeCall({ kind: "propose", term: 3, request: 9, command: encodedCommands[0] ?? Buffer.alloc(0) }),
      encodeCall({ kind: "cluster", operation: "promote", parameters: [3] }),
      encodeCall({ kind: "was-removed" }),
    ],
    decode: decodeCall,
    errors: [MalformedError],
  },
  "answers between members": {
    samples: [
      encodeAnswer({ value: { a: 1 } }),
      encodeAnswer({ error: new MalformedError("x") }),
      Buffer.from(`{"error":null}`),
    ],
    decode: decodeAnswer,
    errors: [MalformedError],
  },
}

const head = { from: 1, to: 2, term: 3 }
const entries = [
  { index: 5, term: 2, kind: "command" as const, data: value("data") },
  { index: 6, term: 3, kind: "configuration" as const, data: Buffer.alloc(40, 1) },
]
const messages = [
  encodeMessage({ ...head, type: "append", previous: { index: 4, term: 2 }, commit: 4, entries }),
  encodeMessage({ ...head, type: "snapshot", at: { index: 9, term: 3 }, configuration }),
  encodeMessage({ ...head, type: "vote-request", last: { index: 9, term: 3 }, transfer: true }),
  encodeMessage({ ...head, type: "heartbeat", commit: 9, round: 3 }),
]
const payload = (frame: Buffer): Buffer => frame.subarray(5)

const peer: Record<string, Decoder> = {
  "messages of Raft": { samples: messages, decode: decodeMessage, errors: [MalformedError] },
  "frames between members": {
    samples: [Buffer.concat(messages.map((message) => frameOf("message", message))), frameOf("hello", value("x"))],
    decode: (bytes, random) => {
      const reader = new FrameReader(1024 * 1024)
      for (const piece of pieces(bytes, random)) for (const _ of reader.push(piece));
    },
    errors: [MalformedError],
  },
  greetings: {
    samples: [encodeHello({ lane: "bulk", from: 1, to: 2 })],
    decode: decodeHello,
    errors: [MalformedError],
  },
  "pieces of snapshots": {
    samples: [payload(chunkFrame(70_000, value("piece")))],
    decode: readChunk,
    errors: [MalformedError],
  },
  "offers and sizes of snapshots": {
    samples: [Buffer.from([0x81, 1])],
    decode: (bytes) => [readOffer(bytes), readSize(bytes)],
    errors: [MalformedError],
  },
}

const kv = { ...change, key: "k" }
const wireSamples = [
  wire.rangeResponse.encode({ header: { revision: 9 }, kvs: [kv, kv], count: 2 }),
  wire.txnRequest.encode({ success: [{ put: { key: "k", value: value("v") } }], failure: [] } as never),
  wire.watchResponse.encode({ watchId: 3, events: [{ kv }] } as never),
  wire.membersResponse.encode({ members: [{ id: 5, name: "m", peerUrls: ["http://x"] }] } as never),
]
const wireMessages = Object.values(wire).filter((each) => each instanceof wire.Message)

const etcd: Record<string, Decoder> = {
  "messages of etcd": {
    samples: wireSamples,
    decode: (bytes) => {
      const failed = wireMessages.filter((each) => {
        try {
          each.decode(bytes)
          return false
        } catch (error) {
          if (error instanceof wire.WireError) return true
          throw error
        }
      })
      if (failed.length === wireMessages.length) throw new wire.WireError("none takes it")
    },
    errors: [wire.WireError],
  },
  "frames of gRPC": {
    samples: [Buffer.concat(wireSamples.map(wire.frame))],
    decode: (bytes, random) => {
      const reader = new wire.FrameReader(1024 * 1024)
      for (const piece of pieces(bytes, random)) reader.push(piece)
    },
    errors: [wire.EtcdError, wire.GrpcError],
  },
}

const place = { kind: "segment", chain: "c", sequence: 4, after: 8, revision: 9, takenAtMs: 5 } as const
const backupRecords = [
  encodeRecord({ kind: "change", change }),
  encodeRecord({ kind: "leases", leases: [{ id: 7, ttlSeconds: 60 }], lastLeaseId: 9 }),
  encodeRecord({ kind: "no-notes" }),
  encodeRecord({ kind: "note", name: "n", note: { version: 1, value: value("x") } }),
]
const header = { ...place, writer: "w", previous: "p", changes: 1, head: "h" } as const
const { bytes: backupFile } = await encodeFile<SegmentHeader>(header, backupRecords)

const backup: Record<string, Decoder> = {
  "files of a backup": {
    samples: [backupFile],
    decode: async (bytes, random) => {
      const end = bytes.length - 32
      if (end > 0 && random.below(4) > 0) createHash("sha256").update(bytes.subarray(0, end)).digest().copy(bytes, end)
      const { body } = await decodeFile(bytes, "file")
      return [...decodeRecords(body)]
    },
    errors: [DamagedBackupError, MalformedError],
  },
  "records of a backup": {
    samples: [Buffer.concat(backupRecords)],
    decode: (bytes) => [...decodeRecords(bytes)],
    errors: [MalformedError],
  },
  "names and lists of a bucket": {
    samples: [
      value(`<ListBucketResult><Key>${nameOf(place)}</Key><Key>keys/1&#x41;</Key><IsTruncated>false</IsTruncated>`),
    ],
    decode: (bytes) => {
      try {
        return catalogOf(readListing(bytes.toString("utf8")).keys)
      } catch (error) {
        // It says what is wrong in words of its own; any other error is a fault.
        if ((error as Error).message.startsWith("the list of the bucket")) throw new MalformedError("no list")
        throw error
      }
    },
    errors: [MalformedError],
  },
}

describe.each(Object.entries({ store, replication, peer, etcd, backup }))("%s", (_, decoders) => {
  it.each(Object.entries(decoders))("%s: any bytes are a value or a named error", { timeout }, (_name, decoder) =>
    fuzz(decoder),
  )
})

it("a command may have as many levels as a request, and is refused beyond, however deep it claims to be", () => {
  expect(decodeCommand(nested(128)).command.kind).toBe("txn")
  for (const levels of [129, 100_000]) expect(() => decodeCommand(nested(levels))).toThrow(MalformedError)
})

it.each(["null", "3", '"text"'])("%s is neither a call nor an answer of a member", (text) => {
  expect(() => decodeAnswer(value(text))).toThrow(MalformedError)
  expect(() => decodeCall(Buffer.concat([Buffer.from([2]), value(text)]))).toThrow(MalformedError)
})
