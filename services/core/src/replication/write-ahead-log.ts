import { assert } from "@wick/sdk/assert"
import type { Configuration, Entry, HardState, LogPosition } from "#raft"
import { NoSpaceError } from "#store"
import type { Disk, LogFile } from "./disk.ts"
import { type LogRecord, recordSizeMax, writeRecord } from "./log-record.ts"
import { recoverLog } from "./log-recovery.ts"
import { segmentName, sparePrefix } from "./segment-name.ts"

/** Bytes of one file of the log. Allocated ahead, so that a write within it neither needs space nor grows the file. */
export const segmentSize = 8 * 1024 * 1024

/** What is to be made durable together, as the effects of Raft have it. */
export interface Persist {
  readonly hardState: HardState | undefined
  readonly snapshot: { readonly at: LogPosition; readonly configuration: Configuration } | undefined
  readonly entries: readonly Entry[]
}

/** What the log knew when it was opened. */
export interface RecoveredLog {
  readonly hardState: HardState
  readonly configuration: Configuration | undefined
  /** What comes before the first entry that the log has. */
  readonly before: LogPosition
  readonly entries: readonly Entry[]
  /** Bytes of a write that a crash had cut short, which were dropped. */
  readonly tornBytes: number
}

interface Segment {
  readonly number: number
  /** Index of the last entry before this segment: when that much is in the state, older segments can go. */
  readonly before: LogPosition
}

/**
 * The log on disk, in segments. One `append` is one durable write, whatever number of records it has. Not safe for
 * appends at the same time: whoever owns it waits for one before the next.
 */
export class WriteAheadLog {
  readonly #disk: Disk
  readonly #segmentSize: number
  #segments: Segment[]
  #file: LogFile | undefined
  #offset: number
  #batch: number
  #last: LogPosition
  #hardState: HardState
  #configuration: Configuration
  /** The next segment's file, ready or being made ready. */
  #spare: Promise<string> | undefined
  #spares = 0
  /** Whether that was begun for this segment: once, for on a full disk each attempt is work in vain. */
  #prepared = false
  #isFull = false
  #scratch = Buffer.allocUnsafe(64 * 1024)

  private constructor(
    disk: Disk,
    recovered: Awaited<ReturnType<typeof recoverLog>>,
    configuration: Configuration,
    size: number,
  ) {
    this.#segmentSize = size
    this.#disk = disk
    this.#segments = [...recovered.segments]
    this.#offset = recovered.end
    this.#batch = recovered.batch
    this.#last = recovered.entries.at(-1) ?? recovered.before
    this.#hardState = recovered.hardState
    this.#configuration = recovered.configuration ?? configuration
  }

  /** Reads what is there, drops a torn end, and refuses (CorruptLogError) what is damaged otherwise. */
  static async open(
    disk: Disk,
    founding: Configuration,
    size = segmentSize,
  ): Promise<{ log: WriteAheadLog; recovered: RecoveredLog }> {
    const recovered = await recoverLog(disk)
    const log = new WriteAheadLog(disk, recovered, founding, size)
    const newest = recovered.segments.at(-1)
    if (newest !== undefined) log.#file = await disk.open(segmentName(newest.number))
    return { log, recovered }
  }

  /** It has refused something for want of room, and there was none since: what is smaller may fit all the same. */
  get isFull(): boolean {
    return this.#isFull
  }

  /** Throws NoSpaceError when `size` more bytes cannot be had; what was reserved can be written in one append. */
  async reserve(size: number): Promise<void> {
    assert(size <= this.#segmentSize / 2, "a batch fits in a segment")
    if (this.#file !== undefined && this.#offset + size <= this.#segmentSize) {
      if (this.#offset > this.#segmentSize / 2) this.#prepare()
      return
    }
    await this.#roll()
  }

  /** For a log that is full: whether there is room again. */
  async findRoom(): Promise<boolean> {
    this.#spare ??= this.#makeSpare()
    try {
      await this.#spare
    } catch (error) {
      if (!(error instanceof NoSpaceError)) throw error
    }
    return !this.#isFull
  }

  /** Resolves when all of it is durable. The room must be reserved. */
  async append(persist: Persist): Promise<void> {
    const records = this.#records(persist)
    if (records.length === 0) return
    const bytes = this.#encode(records)
    await this.#write(bytes)
    if (this.#scratch.length > 1024 * 1024) this.#scratch = Buffer.allocUnsafe(64 * 1024)
  }

  /** Everything up to `index` is durable elsewhere: segments with nothing later may go. */
  async release(index: number): Promise<void> {
    while ((this.#segments[1]?.before.index ?? Number.POSITIVE_INFINITY) <= index) {
      const [oldest] = this.#segments.splice(0, 1)
      if (oldest !== undefined) await this.#disk.remove(segmentName(oldest.number))
    }
  }

  async close(): Promise<void> {
    await this.#spare?.catch(() => undefined) // it could not be made; nobody needs it any more
    await this.#file?.close()
    this.#file = undefined
  }

  #records({ hardState, snapshot, entries }: Persist): LogRecord[] {
    const records: LogRecord[] = []
    // First: a term must be durable before any entry of it, and of a torn write a beginning may remain.
    if (hardState !== undefined) records.push({ kind: "hard-state", hardState })
    if (snapshot !== undefined) records.push({ kind: "snapshot", ...snapshot })
    for (const entry of entries) records.push({ kind: "entry", entry })
    this.#hardState = hardState ?? this.#hardState
    this.#configuration = snapshot?.configuration ?? this.#configuration
    this.#last = entries.at(-1) ?? snapshot?.at ?? this.#last
    return records
  }

  #encode(records: readonly LogRecord[]): Buffer {
    const sizeMax = records.reduce((sum, record) => sum + recordSizeMax(record), 0)
    if (this.#scratch.length < sizeMax) this.#scratch = Buffer.allocUnsafe(sizeMax)
    const segment = this.#segments.at(-1)?.number ?? 0
    this.#batch++
    let at = 0
    records.forEach((record, index) => {
      const last = index === records.length - 1
      at = writeRecord(this.#scratch, at, record, { segment, at: this.#offset + at, batch: this.#batch, last })
    })
    return this.#scratch.subarray(0, at)
  }

  async #write(bytes: Buffer): Promise<void> {
    assert(this.#file !== undefined, "room is reserved before it is written to")
    assert(this.#offset + bytes.length <= this.#segmentSize, "what is written was reserved")
    await this.#file.write(bytes, this.#offset)
    this.#offset += bytes.length
  }

  /** Makes the next segment's file while this one is still being filled, so that no writer waits for it. */
  #prepare(): void {
    if (this.#prepared) return
    this.#prepared = true
    this.#spare ??= this.#makeSpare()
    this.#spare.catch(() => undefined) // for want of space; it is tried again, and told, when the file is needed
  }

  /** Begins the next segment. */
  async #roll(): Promise<void> {
    this.#spare ??= this.#makeSpare()
    const spare = await this.#spare.catch((error: unknown) => {
      this.#isFull = error instanceof NoSpaceError
      throw error
    })
    this.#spare = undefined
    this.#prepared = false
    const number = (this.#segments.at(-1)?.number ?? 0) + 1
    await this.#disk.rename(spare, segmentName(number))
    await this.#file?.close()
    this.#file = await this.#disk.open(segmentName(number))
    this.#offset = 0
    this.#segments.push({ number, before: this.#last })
    const hardState = this.#hardState
    const header = { kind: "segment", segment: number, hardState, before: this.#last } as const
    await this.#write(this.#encode([{ ...header, configuration: this.#configuration }]))
  }

  async #makeSpare(): Promise<string> {
    const name = `${sparePrefix}${++this.#spares}`
    try {
      await this.#disk.allocate(name, this.#segmentSize)
      this.#isFull = false
      return name
    } catch (error) {
      this.#spare = undefined // whoever needs it tries again
      await this.#disk.remove(name)
      throw isNoSpace(error) ? noSpace(this.#disk.path(name)) : error
    }
  }
}

function isNoSpace(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === "ENOSPC" || code === "EDQUOT"
}

function noSpace(path: string): NoSpaceError {
  return new NoSpaceError(
    `no space for the log: ${path} could not be made. Free some space on its disk; then writes go on`,
  )
}
