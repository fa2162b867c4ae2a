import { must } from "@wick/sdk/assert"
import type { Random } from "@wick/sdk/clock"
import {
  type Change,
  emptyPosition,
  type Lease,
  Mvcc,
  NoSpaceError,
  type Note,
  type RevisionChanges,
  type Version,
} from "#store"
import {
  type AppliedState,
  type Checkpoint,
  type LogSpan,
  type ReceivedState,
  type StateHome,
  spans,
} from "../replication/applied-state.ts"
import { changeKey, decodeChange, decodeValue, encodeChange, readChangeKey } from "../replication/change-codec.ts"
import { CorruptStateError } from "../replication/checksum.ts"
import { CorruptLogError } from "../replication/log-recovery.ts"
import {
  decodeCheckpoint,
  decodeLease,
  decodeNote,
  encodeCheckpoint,
  encodeLease,
  encodeNote,
} from "../replication/state-codec.ts"
import { StateReader, type StateRecord, StateWriter } from "../replication/state-stream.ts"
import type { StateSource } from "../replication/transport.ts"
import { Unsaved } from "../replication/unsaved.ts"
import { ValueCache } from "../replication/value-cache.ts"
import type { Host } from "./host.ts"
import type { Medium } from "./medium.ts"

/** What one state has on disk, encoded and under checksums as in the real one. Made anew by each save: all or nothing. */
interface Saved {
  readonly checkpoint: Buffer | undefined
  /** By revision, in order; of each its changes by their place. */
  readonly changes: ReadonlyMap<number, (Buffer | undefined)[]>
  readonly leases: ReadonlyMap<number, Buffer>
  readonly notes: ReadonlyMap<string, Buffer>
}

const nothingSaved: Saved = { checkpoint: undefined, changes: new Map(), leases: new Map(), notes: new Map() }

const ownName = "state"
/** Chunks of a state that is sent: small, so that there are several. */
const chunkSize = 2_000
const saveMaxMs = 20

/** The applied states of one member: what outlives a crash. */
export class StateShelf {
  readonly #saved = new Map<string, Saved>()
  readonly #medium: Medium
  readonly #random: Random
  #received = 0

  constructor(medium: Medium, random: Random) {
    this.#medium = medium
    this.#random = random
  }

  /** As the member that now runs on `host` sees it. */
  home(host: Host): StateHome {
    const names = new Map<AppliedState, string>()
    const open = (name: string): SimulatedState => {
      const state = new SimulatedState(this, name, host)
      names.set(state, name)
      return state
    }
    return {
      open: async (log) => open(this.#choose(log)),
      receive: async (chunks) => this.#receive(chunks, open),
      remove: async (state) => {
        this.#saved.delete(must(names.get(state), "a state that is removed was opened here"))
        names.delete(state)
      },
    }
  }

  /** A bit of a record turns. */
  rot(): boolean {
    const lists = [...this.#saved.values()].flatMap(({ changes }) => [...changes.values()])
    const list = lists[this.#random.below(lists.length)]
    const sub = this.#random.below(list?.length ?? 0)
    const record = list?.[sub]
    if (list === undefined || record === undefined) return false
    // Not in place: who has read it before has what it was.
    const rotten = Buffer.from(record)
    const at = this.#random.below(record.length)
    rotten[at] = (rotten[at] ?? 0) ^ (1 << this.#random.below(8))
    list[sub] = rotten
    this.#medium.isDamaged = true
    return true
  }

  saved(name: string): Saved {
    return this.#saved.get(name) ?? nothingSaved
  }

  /** Resolves when it is durable; of a crash before that, all is there or nothing. */
  async save(host: Host, name: string, make: () => Saved): Promise<void> {
    await host.pause((saveMaxMs * this.#random.below(1000)) / 1000)
    if (this.#medium.condition.isFull) throw new NoSpaceError("no space for the state")
    this.#saved.set(name, make())
    await host.pause((saveMaxMs * this.#random.below(1000)) / 1000)
  }

  #choose(log: LogSpan): string {
    let best: { readonly name: string; readonly applied: number } | undefined
    for (const [name, { checkpoint }] of this.#saved) {
      if (checkpoint === undefined) continue
      const { applied } = decodeCheckpoint(checkpoint)
      if (spans(log, applied) && applied.index >= (best?.applied ?? 0)) best = { name, applied: applied.index }
    }
    // Its own state was never saved: what else is here came from a leader, and the power failed before the log said so.
    const own = this.#saved.get(ownName)
    const isFresh = this.#saved.size === 0 || (own !== undefined && own.checkpoint === undefined)
    if (best === undefined && (log.before.index > 0 || !isFresh)) throw new CorruptLogError("no state fits the log")
    const chosen = best?.name ?? ownName
    for (const name of this.#saved.keys()) if (name !== chosen) this.#saved.delete(name)
    if (!this.#saved.has(chosen)) this.#saved.set(chosen, nothingSaved)
    return chosen
  }

  async #receive(chunks: AsyncIterable<Uint8Array>, open: (name: string) => SimulatedState): Promise<ReceivedState> {
    const reader = new StateReader()
    const records: StateRecord[] = []
    for await (const chunk of chunks) for (const record of reader.take(chunk)) records.push(copyOf(record))
    reader.finish()
    const [head, ...others] = records
    if (head?.kind !== "checkpoint") throw new CorruptStateError("a state that was received has no beginning")
    const checkpoint = decodeCheckpoint(head.value)
    const state = open(`state-${++this.#received}`)
    await state.fill(checkpoint, others)
    return { state, checkpoint, mvcc: state.load().mvcc }
  }
}

/** A few values, so that most have to go soon. */
const cacheSizeMax = 500

class SimulatedState implements AppliedState {
  readonly #shelf: StateShelf
  readonly #name: string
  readonly #host: Host
  readonly #cache = new ValueCache(cacheSizeMax)
  #unsaved = new Unsaved()
  #saving: Unsaved | undefined

  constructor(shelf: StateShelf, name: string, host: Host) {
    this.#shelf = shelf
    this.#name = name
    this.#host = host
  }

  load(): { readonly mvcc: Mvcc; readonly checkpoint: Checkpoint | undefined } {
    const saved = this.#saved
    const checkpoint = saved.checkpoint && decodeCheckpoint(saved.checkpoint)
    const mvcc = new Mvcc(this, checkpoint?.position ?? emptyPosition)
    for (const [id, bytes] of saved.leases) mvcc.restoreLease(decodeLease(id, bytes))
    for (const [name, bytes] of saved.notes) mvcc.restoreNote(name, decodeNote(name, bytes))
    for (const [revision, changes] of saved.changes) {
      for (const [sub, bytes] of changes.entries()) {
        if (bytes !== undefined) mvcc.restoreChange(decodeChange(bytes, revision), sub)
      }
    }
    mvcc.restored()
    return { mvcc, checkpoint }
  }

  get unsavedSize(): number {
    return this.#unsaved.size
  }

  get hasOverdue(): boolean {
    return false
  }

  get isSaved(): boolean {
    return this.#unsaved.isEmpty && this.#saving === undefined
  }

  value(version: Version, isAlone = false): Uint8Array {
    if (version.cached !== undefined) return version.cached
    const { modRevision: revision, sub } = version
    const recent = (this.#unsaved.changes.get(revision) ?? this.#saving?.changes.get(revision))?.[sub]
    if (recent !== undefined) return recent.value
    const bytes = must(this.#saved.changes.get(revision)?.[sub], "the index only names changes that are kept")
    const value = decodeValue(bytes, revision)
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
  }

  removeLease(id: number): void {
    this.#unsaved.leases.set(id, undefined)
  }

  putNote(name: string, note: Note): void {
    this.#unsaved.notes.set(name, note)
  }

  sizes(): { readonly size: number; readonly sizeInUse: number } {
    return { size: 0, sizeInUse: 0 }
  }

  scan(from: number, changesMax: number): readonly RevisionChanges[] {
    const found: RevisionChanges[] = []
    const until = Math.min(this.#saving?.firstRevision ?? Number.POSITIVE_INFINITY, this.#unsaved.firstRevision)
    let total = 0
    for (const [revision, records] of this.#saved.changes) {
      if (revision < from || revision >= until) continue
      if (total >= changesMax) break
      const changes = records.flatMap((bytes) => (bytes === undefined ? [] : decodeChange(bytes, revision)))
      if (changes.length > 0) found.push({ revision, changes })
      total += changes.length
    }
    for (const unsaved of [this.#saving, this.#unsaved]) unsaved?.scan(from, changesMax, found)
    return found
  }

  async save(checkpoint: Checkpoint): Promise<void> {
    const saving = this.#unsaved
    this.#saving = saving
    this.#unsaved = new Unsaved()
    try {
      await this.#shelf.save(this.#host, this.#name, () => withUnsaved(this.#saved, saving, checkpoint))
    } catch (error) {
      saving.join(this.#unsaved)
      this.#unsaved = saving
      throw error
    } finally {
      this.#saving = undefined
    }
  }

  /** What comes from elsewhere, all at once. */
  fill(checkpoint: Checkpoint, records: readonly StateRecord[]): Promise<void> {
    const changes = new Map<number, (Buffer | undefined)[]>()
    const leases = new Map<number, Buffer>()
    const notes = new Map<string, Buffer>()
    for (const { kind, key, value } of records) {
      if (kind === "lease") leases.set(Number(Buffer.from(key).toString()), value as Buffer)
      else if (kind === "note") notes.set(Buffer.from(key).toString("latin1"), value as Buffer)
      else {
        const { revision, sub } = readChangeKey(key)
        const list = changes.get(revision) ?? []
        list[sub] = value as Buffer
        changes.set(revision, list)
      }
    }
    const saved = { checkpoint: encodeCheckpoint(checkpoint), changes, leases, notes }
    return this.#shelf.save(this.#host, this.#name, () => saved)
  }

  source(): { readonly checkpoint: Checkpoint; readonly state: StateSource } | undefined {
    const saved = this.#saved
    if (saved.checkpoint === undefined) return undefined
    const state: StateSource = { size: undefined, open: () => chunksOf(saved), close: async () => {} }
    return { checkpoint: decodeCheckpoint(saved.checkpoint), state }
  }

  async close(): Promise<void> {}

  get #saved(): Saved {
    return this.#shelf.saved(this.#name)
  }
}

function withUnsaved(saved: Saved, unsaved: Unsaved, checkpoint: Checkpoint): Saved {
  const changes = new Map(saved.changes)
  const leases = new Map(saved.leases)
  const notes = new Map(saved.notes)
  for (const [revision, list] of unsaved.changes) {
    changes.set(
      revision,
      list.map((change) => change && encodeChange(change)),
    )
  }
  for (const { revision, sub } of unsaved.removals) {
    const list = [...(changes.get(revision) ?? [])]
    list[sub] = undefined
    if (list.every((each) => each === undefined)) changes.delete(revision)
    else changes.set(revision, list)
  }
  for (const [id, lease] of unsaved.leases) {
    if (lease === undefined) leases.delete(id)
    else leases.set(id, encodeLease(lease))
  }
  for (const [name, note] of unsaved.notes) notes.set(name, encodeNote(name, note))
  return { checkpoint: encodeCheckpoint(checkpoint), changes, leases, notes }
}

async function* chunksOf(saved: Saved): AsyncGenerator<Uint8Array> {
  const writer = new StateWriter()
  const record = (kind: StateRecord["kind"], key: Uint8Array, value: Uint8Array): void =>
    writer.record({ kind, key, value })
  record("checkpoint", Buffer.alloc(0), saved.checkpoint ?? Buffer.alloc(0))
  for (const [id, value] of saved.leases) {
    decodeLease(id, value)
    record("lease", Buffer.from(`${id}`), value)
  }
  for (const [name, value] of saved.notes) record("note", Buffer.from(name, "latin1"), value)
  for (const [revision, list] of saved.changes) {
    for (const [sub, value] of list.entries()) {
      if (value === undefined) continue
      decodeChange(value, revision)
      record("change", changeKey(revision, sub), value)
    }
    if (writer.size >= chunkSize) yield writer.take()
  }
  writer.end()
  yield writer.take()
}

function copyOf({ kind, key, value }: StateRecord): StateRecord {
  return { kind, key: Buffer.from(key), value: Buffer.from(value) }
}
