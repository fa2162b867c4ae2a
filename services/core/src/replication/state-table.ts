import { must } from "@wick/sdk/assert"
import { type Database, open, type RootDatabase } from "lmdb"
import {
  type Change,
  emptyPosition,
  type Lease,
  Mvcc,
  type Note,
  numberSizeMax,
  type RevisionChanges,
  type Version,
} from "#store"
import type { AppliedState, Checkpoint } from "./applied-state.ts"
import { changeKey, decodeChange, decodeValue, encodeChange, readChangeKey } from "./change-codec.ts"
import { closeOnExec } from "./close-on-exec.ts"
import { expectSpace } from "./disk-space.ts"
import { decodeCheckpoint, decodeLease, decodeNote, encodeCheckpoint, encodeLease, encodeNote } from "./state-codec.ts"
import type { StateRecord } from "./state-stream.ts"
import { readLeaseKey, sourceOfTable } from "./table-source.ts"
import type { StateSource } from "./transport.ts"
import { Unsaved } from "./unsaved.ts"
import { ValueCache } from "./value-cache.ts"

/** Address space kept for the table; memory and disk are only taken as it grows. */
const mapSizeMax = 16 * 1024 ** 3
/**
 * Records that one save removes at most; the others wait for the next. Compaction drops minutes of history at once, and
 * to queue that many removals would hold up everyone else: 30,000 take some 90 ms.
 */
export const removalsPerSave = 1_000
/** Bytes of a page, which is copied when a record in it is removed. */
const pageSize = 4096
const checkpointKey = Buffer.from("checkpoint")

/**
 * The applied state on disk: a memory-mapped B-tree (LMDB) of changes by revision, so that values need no memory of
 * ours. It is behind: what was applied lately is in memory (and in the log), and is written as one transaction
 * together with the index up to which it goes. So a crash leaves the state of some moment, from which the log goes on.
 */
export class StateTable implements AppliedState {
  readonly #directory: string
  readonly #root: RootDatabase<Buffer, Buffer>
  readonly #changes: Database<Buffer, Buffer>
  readonly #leases: Database<Buffer, number>
  readonly #notes: Database<Buffer, string>
  readonly #cache = new ValueCache()
  #unsaved = new Unsaved()
  /** The key of a read, which is over before the next. */
  readonly #askedKey = changeKey(0, 0)
  /** What is being written just now; still read from here until it is in the table. */
  #saving: Unsaved | undefined

  readonly #removalsMax: number

  /** `removalsMax`: records that one save removes at most, see `removalsPerSave`. */
  constructor(directory: string, removalsMax: number) {
    this.#directory = directory
    this.#removalsMax = removalsMax
    this.#root = open({ path: directory, encoding: "binary", keyEncoding: "binary", mapSize: mapSizeMax, maxDbs: 4 })
    closeOnExec(directory)
    this.#changes = this.#root.openDB({ name: "changes", encoding: "binary", keyEncoding: "binary" })
    this.#leases = this.#root.openDB({ name: "leases", encoding: "binary", keyEncoding: "ordered-binary" })
    this.#notes = this.#root.openDB({ name: "notes", encoding: "binary", keyEncoding: "ordered-binary" })
  }

  /** The last one; undefined when nothing was saved yet. */
  checkpoint(): Checkpoint | undefined {
    const bytes = this.#root.getBinary(checkpointKey)
    return bytes === undefined ? undefined : decodeCheckpoint(bytes)
  }

  load(): { readonly mvcc: Mvcc; readonly checkpoint: Checkpoint | undefined } {
    const checkpoint = this.checkpoint()
    const mvcc = new Mvcc(this, checkpoint?.position ?? emptyPosition)
    for (const { key: id, value } of this.#leases.getRange()) mvcc.restoreLease(decodeLease(id, value))
    for (const { key: name, value } of this.#notes.getRange()) mvcc.restoreNote(name, decodeNote(name, value))
    // The values stay where they are: of each record only its other fields are read, in LMDB's own bytes.
    for (const key of this.#changes.getKeys()) {
      const { revision, sub } = readChangeKey(key)
      const bytes = must(this.#changes.getBinaryFast(key), "a key that is listed is there")
      mvcc.restoreChange(decodeChange(bytes, revision), sub)
    }
    mvcc.restored()
    return { mvcc, checkpoint }
  }

  source(): { readonly checkpoint: Checkpoint; readonly state: StateSource } | undefined {
    const transaction = this.#root.useReadTransaction()
    const bytes = this.#root.get(checkpointKey, { transaction })
    if (bytes === undefined) {
      transaction.done()
      return undefined
    }
    const tables = { change: this.#changes, lease: this.#leases, note: this.#notes }
    return { checkpoint: decodeCheckpoint(bytes), state: sourceOfTable(bytes, tables, transaction) }
  }

  /**
   * Puts in part of a state that comes from elsewhere. The checkpoint comes last, in a transaction of its own once all
   * else is durable: a table without one is not a state. LMDB reads the records' own bytes until this resolves.
   * Rejects with NoSpaceError where the disk has no room for them.
   */
  async fill(records: readonly StateRecord[]): Promise<void> {
    const size = records.reduce((sum, { key, value }) => sum + key.length + value.length, 0)
    await expectSpace(this.#directory, 2 * size)
    await this.#root.batch(() => {
      for (const { kind, key, value } of records) {
        if (kind === "change") void this.#changes.put(bufferOf(key), bufferOf(value))
        else if (kind === "lease") void this.#leases.put(readLeaseKey(key), bufferOf(value))
        else void this.#notes.put(Buffer.from(key).toString("latin1"), bufferOf(value))
      }
    })
  }

  async fillCheckpoint(checkpoint: Checkpoint): Promise<void> {
    await this.#root.flushed
    await this.#root.put(checkpointKey, encodeCheckpoint(checkpoint))
    await this.#root.flushed
    this.#root.resetReadTxn()
  }

  /** Bytes that the next checkpoint would write. */
  get unsavedSize(): number {
    return this.#unsaved.size
  }

  /** Whether the last save has left removals for the next. */
  get hasOverdue(): boolean {
    return this.#unsaved.removals.length >= this.#removalsMax
  }

  get isSaved(): boolean {
    return this.#unsaved.isEmpty && this.#saving === undefined
  }

  value(version: Version, isAlone = false): Uint8Array {
    if (version.cached !== undefined) return version.cached
    const { modRevision: revision, sub } = version
    const recent = (this.#unsaved.changes.get(revision) ?? this.#saving?.changes.get(revision))?.[sub]
    if (recent !== undefined) return recent.value
    // LMDB's own, until the next read of whichever table of this process: what stays is copied out of it.
    const bytes = this.#changes.getBinaryFast(changeKey(revision, sub, this.#askedKey))
    const value = decodeValue(must(bytes, "the index only names changes that are kept"), revision)
    if (isAlone) this.#cache.add(version, value)
    return value
  }

  append(revision: number, changes: readonly Change[]): void {
    this.#unsaved.append(revision, changes)
  }

  remove(revision: number, sub: number): void {
    this.#unsaved.remove(revision, sub)
  }

  putLease(lease: Lease): void {
    this.#unsaved.leases.set(lease.id, lease)
    this.#unsaved.size += numberSizeMax
  }

  removeLease(id: number): void {
    this.#unsaved.leases.set(id, undefined)
  }

  putNote(name: string, note: Note): void {
    this.#unsaved.notes.set(name, note)
    this.#unsaved.size += note.value.length
  }

  /** Bytes of the table on disk, and those of them that hold something. */
  sizes(): { readonly size: number; readonly sizeInUse: number } {
    const { lastPageNumber } = this.#root.getStats() as { lastPageNumber: number }
    const inUse = [this.#root, this.#changes, this.#leases, this.#notes].map((database) => pagesOf(database.getStats()))
    return { size: (lastPageNumber + 1) * pageSize, sizeInUse: inUse.reduce((sum, pages) => sum + pages, 0) * pageSize }
  }

  scan(from: number, changesMax: number): readonly RevisionChanges[] {
    const found: RevisionChanges[] = []
    if (from < this.#firstUnsaved()) this.#scanTable(from, changesMax, found)
    for (const unsaved of [this.#saving, this.#unsaved]) unsaved?.scan(from, changesMax, found)
    return found
  }

  /**
   * Writes all that was applied since the last checkpoint; resolves when it is durable. Meanwhile commands may be
   * applied: they are for the next one. Throws NoSpaceError, after which nothing is lost and it may be tried again.
   */
  async save(checkpoint: Checkpoint): Promise<void> {
    if (this.#saving !== undefined) throw new Error("a checkpoint is being written already")
    const saving = this.#unsaved
    this.#saving = saving
    this.#unsaved = new Unsaved()
    this.#unsaved.removals = saving.removals.splice(this.#removalsMax)
    try {
      await expectSpace(this.#directory, 2 * saving.size + saving.removals.length * pageSize)
      await this.#root.batch(() => this.#write(saving, checkpoint))
      await this.#root.flushed
      this.#root.resetReadTxn() // readers of this turn still see the table as it was
    } catch (error) {
      saving.join(this.#unsaved)
      this.#unsaved = saving
      throw error
    } finally {
      this.#saving = undefined
    }
  }

  async close(): Promise<void> {
    await this.#root.close()
  }

  #write(unsaved: Unsaved, checkpoint: Checkpoint): void {
    for (const [revision, changes] of unsaved.changes) {
      changes.forEach((change, sub) => {
        if (change !== undefined) void this.#changes.put(changeKey(revision, sub), encodeChange(change))
      })
    }
    for (const { revision, sub } of unsaved.removals) void this.#changes.remove(changeKey(revision, sub))
    for (const [id, lease] of unsaved.leases) {
      if (lease === undefined) void this.#leases.remove(id)
      else void this.#leases.put(id, encodeLease(lease))
    }
    for (const [name, note] of unsaved.notes) void this.#notes.put(name, encodeNote(name, note))
    void this.#root.put(checkpointKey, encodeCheckpoint(checkpoint))
  }

  #firstUnsaved(): number {
    const first = this.#saving?.firstRevision ?? Number.POSITIVE_INFINITY
    return Math.min(first, this.#unsaved.firstRevision)
  }

  #scanTable(from: number, changesMax: number, found: RevisionChanges[]): void {
    let total = 0
    let changes: Change[] = []
    let current = 0
    // Only up to what is not saved: a checkpoint that is being written shows up in the table before it is finished.
    const until = this.#firstUnsaved()
    const end = until === Number.POSITIVE_INFINITY ? {} : { end: changeKey(until, 0) }
    for (const { key, value } of this.#changes.getRange({ start: changeKey(from, 0), ...end })) {
      const { revision } = readChangeKey(key)
      if (revision !== current) {
        if (changes.length > 0) found.push({ revision: current, changes })
        if (total >= changesMax) return
        changes = []
        current = revision
      }
      changes.push(decodeChange(value, revision))
      total++
    }
    if (changes.length > 0) found.push({ revision: current, changes })
  }
}

function bufferOf({ buffer, byteOffset, length }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, length)
}

/** Pages of a tree, by what LMDB tells of it. */
function pagesOf(stats: object): number {
  const { treeBranchPageCount, treeLeafPageCount, overflowPages } = stats as Record<string, number>
  return (treeBranchPageCount ?? 0) + (treeLeafPageCount ?? 0) + (overflowPages ?? 0)
}
