import type { Configuration, Entry, HardState, LogPosition } from "#raft"
import type { Disk } from "./disk.ts"
import { type LogRecord, writtenExtent } from "./log-record.ts"
import { segmentName, segmentNumber, sparePrefix } from "./segment-name.ts"
import { type SegmentScan, scanSegment } from "./segment-scan.ts"

/** The log on disk is not what was written. Nothing may be built on it: who starts must refuse to. */
export class CorruptLogError extends Error {
  override name = "CorruptLogError"
}

export interface LogOnDisk {
  readonly hardState: HardState
  readonly configuration: Configuration | undefined
  readonly before: LogPosition
  readonly entries: readonly Entry[]
  readonly tornBytes: number
  readonly segments: readonly { readonly number: number; readonly before: LogPosition }[]
  readonly batch: number
  /** Where the next batch goes in the last segment. */
  readonly end: number
}

/** Reads all segments in order. Clears away what a crash left half made; changes nothing else. */
export async function recoverLog(disk: Disk): Promise<LogOnDisk> {
  const names = await disk.list()
  for (const name of names) if (name.startsWith(sparePrefix)) await disk.remove(name)
  const numbers = names.flatMap((name) => segmentNumber(name) ?? []).sort((a, b) => a - b)
  const reader = new LogReader()
  const segments: { number: number; before: LogPosition }[] = []
  let batch: number | undefined
  let end = 0
  let tornBytes = 0
  for (const [at, number] of numbers.entries()) {
    const newest = at === numbers.length - 1
    if (at > 0 && number !== (numbers[at - 1] ?? 0) + 1) throw missing(disk, number - 1)
    const bytes = await disk.read(segmentName(number))
    const scan = scanSegment(bytes, number, batch, newest)
    if (scan.tail === "corrupt") throw corrupt(disk, number, scan)
    const [header] = scan.records
    if (header === undefined) {
      // It was renamed into place, and then its first write never came: as if it had not been begun.
      if (!newest) throw corrupt(disk, number, scan)
      await disk.remove(segmentName(number))
      break
    }
    if (header.kind !== "segment") throw corrupt(disk, number, scan)
    for (const record of scan.records) reader.take(record, disk.path(segmentName(number)))
    segments.push({ number, before: header.before })
    batch = scan.batch
    end = scan.end
    if (scan.tail === "torn") tornBytes = await clearTail(disk, number, bytes, scan)
  }
  return { ...reader.result(), tornBytes, segments, batch: batch ?? 0, end }
}

/** The torn bytes give way to zeros, or the next scan could take them for part of what is written after them. */
async function clearTail(disk: Disk, number: number, bytes: Buffer, scan: SegmentScan): Promise<number> {
  const extent = Math.max(scan.end, writtenExtent(bytes))
  const file = await disk.open(segmentName(number))
  await file.write(Buffer.alloc(extent - scan.end), scan.end)
  await file.close()
  return extent - scan.end
}

/** Gathers what the records say, later ones over earlier ones. */
class LogReader {
  #hardState: HardState = { term: 0, vote: 0, commit: 0 }
  #configuration: Configuration | undefined
  #before: LogPosition | undefined
  /** Only a segment's header says so: what came before is gone, for the state holds it. */
  #isBeforeOfHeader = false
  #entries: Entry[] = []

  take(record: LogRecord, path: string): void {
    if (record.kind === "hard-state") this.#hardState = record.hardState
    else if (record.kind === "entry") this.#takeEntry(record.entry, path)
    else if (record.kind === "snapshot") {
      this.#before = record.at
      this.#isBeforeOfHeader = false
      this.#entries = []
      this.#configuration = record.configuration
    } else {
      this.#hardState = record.hardState
      this.#configuration = record.configuration
      this.#isBeforeOfHeader ||= this.#before === undefined
      this.#before ??= record.before
    }
  }

  result(): Pick<LogOnDisk, "hardState" | "configuration" | "before" | "entries"> {
    const before = this.#before ?? { index: 0, term: 0 }
    return { hardState: this.#hardState, configuration: this.#configuration, before, entries: this.#entries }
  }

  #takeEntry(entry: Entry, path: string): void {
    const first = (this.#before?.index ?? 0) + 1
    const place = entry.index - first
    if (place < 0 && this.#isBeforeOfHeader) {
      // A later leader's entry in place of one in a segment that is gone: the state holds all that was there, this one too.
      this.#before = { index: entry.index, term: entry.term }
      this.#entries = []
      return
    }
    if (place < 0 || place > this.#entries.length) {
      throw new CorruptLogError(`${path}: entry ${entry.index} does not follow on ${first + this.#entries.length - 1}`)
    }
    this.#entries.length = place // a later leader's entry replaces this one and those after it
    this.#entries.push(entry)
  }
}

/**
 * How a member gets well again that has lost what it promised. Its votes and acknowledgements were counted: that an entry is
 * on a majority holds only as long as no member of it forgets, and that a term has one leader only as long as no member
 * votes twice in it. So it must not take part again as who it was, not even with an empty log (§3.8 of Raft's thesis).
 * Removed by the others it is counted no more; added anew it has another number, which has promised nothing, is
 * sent all that there is, and votes only when it has that.
 */
const whatToDo =
  "The store does not start on it, because acknowledged writes may be missing. If this member has peers, have them " +
  "rebuild it: remove it from the cluster at one of them (wick member remove NAME, or etcdctl member remove ID), empty " +
  "this directory, and join it as a new member. Never put it back empty under its old number. A member that is alone: " +
  "restore a backup"

function corrupt(disk: Disk, number: number, scan: SegmentScan): CorruptLogError {
  const where = `${disk.path(segmentName(number))} at byte ${scan.damagedAt}`
  return new CorruptLogError(`the log is damaged: ${where} is not what was written there. ${whatToDo}`)
}

function missing(disk: Disk, number: number): CorruptLogError {
  return new CorruptLogError(`the log is incomplete: ${disk.path(segmentName(number))} is missing. ${whatToDo}`)
}
