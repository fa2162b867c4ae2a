import {
  isZero,
  type LogRecord,
  type ReadRecord,
  readRecord,
  readRecordEnd,
  recordHeaderSize,
  writtenExtent,
} from "./log-record.ts"

/** Disks write a sector whole or not at all. */
const sectorSize = 512
const alignment = 8

export interface SegmentScan {
  readonly records: readonly LogRecord[]
  /** Number of the last whole batch. */
  readonly batch: number | undefined
  /** Where that batch ends and the next one goes. */
  readonly end: number
  /**
   * What is at `end`: nothing; a write that a crash cut short, never acknowledged, to be dropped; or bytes that were
   * durable and are no more what was written, which nothing may be built on.
   */
  readonly tail: "clean" | "torn" | "corrupt"
  /** Of a corrupt segment: the first bad byte. */
  readonly damagedAt: number
}

/**
 * Reads a segment up to its last whole batch. `newest` tells whether it is the last segment: only there can a crash
 * have cut a write short. `batchBefore` is the last batch of the segment before this one, if that is still there.
 *
 * A batch is written only when the one before it is durable. So damage is a torn write only if it is in the batch
 * after the last whole one, and if nothing of a later batch is found behind it. And a torn write leaves sectors that
 * were never written, still zero as they were allocated: a batch with a bad checksum and no such sector was whole once.
 * Nor does a crash move what it cuts short: a whole record that belongs elsewhere was put there by a disk that errs.
 */
export function scanSegment(
  bytes: Buffer,
  segment: number,
  batchBefore: number | undefined,
  newest: boolean,
): SegmentScan {
  const records: LogRecord[] = []
  let pending: LogRecord[] = []
  let batch = batchBefore
  let end = 0
  let at = 0
  const stop = (tail: SegmentScan["tail"]): SegmentScan => ({ records, batch, end, tail, damagedAt: at })
  for (;;) {
    const read = at < bytes.length ? readRecord(bytes, at, segment) : "nothing"
    if (typeof read === "string") {
      if (read === "nothing" && pending.length === 0 && isZero(bytes, at, bytes.length)) return stop("clean")
      const torn = newest && isTorn(bytes, at, segment, batch === undefined ? undefined : batch + 1)
      return stop(torn ? "torn" : "corrupt")
    }
    if (read.isMoved || read.batch !== (batch ?? read.batch - 1) + 1) return stop("corrupt")
    batch ??= read.batch - 1
    pending.push(read.record)
    at = read.next
    if (!read.last) continue
    for (const record of pending) records.push(record)
    pending = []
    batch = read.batch
    end = at
  }
}

/** Whether what is damaged at `at` is the unfinished write of `batch`. */
function isTorn(bytes: Buffer, at: number, segment: number, batch: number | undefined): boolean {
  const extent = Math.max(at, writtenExtent(bytes))
  for (let probe = at; probe < extent; probe += alignment) {
    const read = tryRead(bytes, probe, segment)
    if (read !== undefined && (read.isMoved || batch === undefined || read.batch > batch)) return false
  }
  return hasUnwrittenSector(bytes, at, extent, segment)
}

function tryRead(bytes: Buffer, at: number, segment: number): ReadRecord | undefined {
  try {
    const read = readRecord(bytes, at, segment)
    return typeof read === "string" ? undefined : read
  } catch {
    return undefined // any bytes are looked at here, most of them no record
  }
}

/** A sector, or the part of one from `at` on, which is all zeros: between written ones, or where the record goes on. */
function hasUnwrittenSector(bytes: Buffer, at: number, extent: number, segment: number): boolean {
  const claimed = readRecordEnd(bytes, at, segment) ?? at + recordHeaderSize
  const end = Math.max(extent, Math.min(claimed, bytes.length))
  for (let start = at; start < end; ) {
    const next = Math.min((Math.floor(start / sectorSize) + 1) * sectorSize, end)
    if (isZero(bytes, start, next)) return true
    start = next
  }
  return false
}
