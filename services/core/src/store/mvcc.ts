import { assert, unreachable } from "@wick/sdk/assert"
import type { Command, StampedCommand } from "./command.ts"
import { KeyIndex } from "./key-index.ts"
import { type Lease, LeaseBook } from "./lease-book.ts"
import type { Beside, KeptChange, KeptSlice, LeaseState, NestedTxnResult, Note } from "./member-storage.ts"
import { emptyValue, readRange, refuseRevision, toKeyValue, type View } from "./range.ts"
import type { Change, Records, RevisionChanges } from "./records.ts"
import type { Refusal } from "./refusal.ts"
import type { KeyValue, RangeRequest, RangeResult } from "./storage.ts"
import { runTxn } from "./txn.ts"

/** Most leases ended by one `expire` command, so that none holds the store up; what is left over is due at once again. */
const expiriesMax = 256

export type Outcome =
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "txn"; readonly result: NestedTxnResult }
  | { readonly kind: "lease"; readonly lease: Lease }
  | { readonly kind: "done" }

export interface Applied {
  readonly outcome: Outcome
  /** The revisions that the command made, in order. */
  readonly written: readonly RevisionChanges[]
}

/** What has to be known besides records and leases to go on from where a store was. */
export interface Position {
  readonly revision: number
  readonly compactRevision: number
  readonly timeMs: number
  readonly lastLeaseId: number
}

/** An empty store is at revision 1, as etcd's is: 0 means "now" or "never" in requests and replies. */
export const emptyPosition: Position = { revision: 1, compactRevision: 0, timeMs: 0, lastLeaseId: 0 }

const unwritten: Note = { version: 0, value: emptyValue }
const nothingWritten: readonly RevisionChanges[] = []

/**
 * The state machine that Raft's log drives: commands in, outcomes and changes out. Deterministic: the same commands
 * give the same state, the same answers and the same refusals on every member, for nothing else goes in.
 */
export class Mvcc {
  #index = new KeyIndex()
  #leases = new LeaseBook()
  #notes = new Map<string, Note>()
  #records: Records
  #revision: number
  #compactRevision: number
  #timeMs: number
  #lastLeaseId: number

  constructor(records: Records, position: Position = emptyPosition) {
    this.#records = records
    this.#revision = position.revision
    this.#compactRevision = position.compactRevision
    this.#timeMs = position.timeMs
    this.#lastLeaseId = position.lastLeaseId
  }

  get position(): Position {
    return {
      revision: this.#revision,
      compactRevision: this.#compactRevision,
      timeMs: this.#timeMs,
      lastLeaseId: this.#lastLeaseId,
    }
  }

  get revision(): number {
    return this.#revision
  }

  get compactRevision(): number {
    return this.#compactRevision
  }

  get timeMs(): number {
    return this.#timeMs
  }

  /** Keys remembered, with those deleted but not yet compacted. */
  get keys(): number {
    return this.#index.size
  }

  get leases(): number {
    return this.#leases.size
  }

  /** Store time at which an `expire` command has something to do; undefined: never. */
  get earliestDeadlineMs(): number | undefined {
    return this.#leases.earliestDeadlineMs()
  }

  /** Takes in what an earlier run recorded, before the first command: leases first, then changes in order. */
  restoreLease(lease: Lease): void {
    this.#leases.set(lease)
  }

  restoreNote(name: string, note: Note): void {
    this.#notes.set(name, note)
  }

  restoreChange(change: Omit<Change, "value">, sub: number): void {
    const { key, modRevision, createRevision, version, lease } = change
    assert(modRevision <= this.#revision, "no record is from after the position it is restored to")
    const before = this.#index.get(key)?.latest()?.lease ?? 0
    if (before !== lease && before !== 0) this.#leases.detach(before, key)
    if (before !== lease && lease !== 0) this.#leases.attach(lease, key)
    this.#index.restore(key, { modRevision, sub, createRevision, version, lease })
  }

  /** Everything is restored: what was compacted already is forgotten again, though some of it was still recorded. */
  restored(): void {
    this.#index.restored()
    this.#index.compact(this.#compactRevision, (version) => this.#records.remove(version.modRevision, version.sub))
  }

  /** Goes on as another, which nobody uses from then on: a state that came whole takes the place of this one. */
  become(other: Mvcc): void {
    this.#index = other.#index
    this.#leases = other.#leases
    this.#notes = other.#notes
    this.#records = other.#records
    this.#revision = other.#revision
    this.#compactRevision = other.#compactRevision
    this.#timeMs = other.#timeMs
    this.#lastLeaseId = other.#lastLeaseId
  }

  apply({ timeMs, command }: StampedCommand): Applied {
    this.#timeMs = Math.max(this.#timeMs, timeMs)
    switch (command.kind) {
      case "txn":
        return this.#txn(command)
      case "compact":
        return { outcome: this.#compact(command.revision), written: nothingWritten }
      case "grant":
        return { outcome: this.#grant(command), written: nothingWritten }
      case "renew":
        return { outcome: this.#renew(command.id), written: nothingWritten }
      case "revoke":
        return this.#revoke(command.id)
      case "expire":
        return this.#expire()
      case "note":
        return { outcome: this.#note(command), written: nothingWritten }
      default:
        return unreachable(command)
    }
  }

  range(request: RangeRequest): RangeResult | Refusal {
    const view = this.#view()
    return refuseRevision(request.revision, view) ?? readRange(request, view)
  }

  /** What a key became at just this revision; undefined when that is forgotten, or was its end. */
  valueOf(key: string, modRevision: number): Uint8Array | undefined {
    const version = this.#index.get(key)?.changeOf(modRevision)
    return version === undefined || version.version === 0 ? undefined : this.#records.value(version)
  }

  /** History from `revision` on, or why it cannot be had. */
  historyFrom(revision: number, changesMax: number): readonly RevisionChanges[] | Refusal {
    if (revision < this.#compactRevision) return { reason: "compacted", compactRevision: this.#compactRevision }
    return this.#records.scan(revision, changesMax)
  }

  /** What is kept of history from `revision` on, compacted or not: see `MemberStorage`. */
  kept(revision: number, changesMax: number): KeptSlice {
    const found: KeptChange[] = []
    const scanned = this.#records.scan(revision, changesMax)
    for (const { changes } of scanned) {
      for (const kv of changes) {
        // What the index has forgotten may wait to be removed from the records.
        const version = this.#index.get(kv.key)?.changeOf(kv.modRevision)
        if (version !== undefined) found.push({ sub: version.sub, kv })
      }
    }
    const last = scanned.at(-1)
    return { changes: found, next: last && last.revision + 1 }
  }

  /** What is the latest of its key, from `revision` on: see `MemberStorage`. */
  latest(revision: number, changesMax: number): KeptSlice {
    const { changes, next } = this.kept(revision, changesMax)
    const isLatest = ({ kv }: KeptChange): boolean => this.#index.get(kv.key)?.latest()?.modRevision === kv.modRevision
    return { changes: changes.filter(isLatest), next }
  }

  beside(): Beside {
    const leases = this.#leases.all().map(({ id, ttlSeconds }) => ({ id, ttlSeconds }))
    return { leases, lastLeaseId: this.#lastLeaseId, notes: new Map(this.#notes) }
  }

  leaseStates(nowMs: number): readonly LeaseState[] {
    return this.#leases.all().map((lease) => this.#leaseState(lease, nowMs))
  }

  leaseState(id: number, nowMs: number): LeaseState | undefined {
    const lease = this.#leases.get(id)
    return lease === undefined ? undefined : this.#leaseState(lease, nowMs)
  }

  note(name: string): Note {
    return this.#notes.get(name) ?? unwritten
  }

  #leaseState({ id, ttlSeconds, deadlineMs }: Lease, nowMs: number): LeaseState {
    return { id, ttlSeconds, remainingMs: Math.max(deadlineMs - nowMs, 0), keys: this.#leases.keysOf(id) }
  }

  #note({ name, value, expected }: Command & { kind: "note" }): Outcome {
    if (this.note(name).version !== expected) return { kind: "refused", refusal: { reason: "note-changed", name } }
    const note = { version: expected + 1, value }
    this.#notes.set(name, note)
    this.#records.putNote(name, note)
    return { kind: "done" }
  }

  /** What the key was before this change of it; undefined when it was not, or when that is compacted. */
  before(change: Change): KeyValue | undefined {
    const version = this.#index.get(change.key)?.at(change.modRevision - 1)
    if (version === undefined) return undefined
    return toKeyValue(change.key, version, this.#records.value(version))
  }

  #view(): View {
    return {
      index: this.#index,
      revision: this.#revision,
      compactRevision: this.#compactRevision,
      bytesOf: (version, isAlone) => this.#records.value(version, isAlone),
    }
  }

  #txn({ request }: Command & { kind: "txn" }): Applied {
    const outcome = runTxn(request, this.#view(), this.#leases)
    if (outcome.kind === "refused") return { outcome, written: nothingWritten }
    const applied: Outcome = { kind: "txn", result: outcome.result }
    return { outcome: applied, written: outcome.changes.length === 0 ? nothingWritten : [this.#write(outcome.changes)] }
  }

  #write(changes: readonly Change[]): RevisionChanges {
    this.#revision++
    assert(changes[0]?.modRevision === this.#revision, "changes carry the revision that they make")
    this.#records.append(this.#revision, changes)
    return { revision: this.#revision, changes }
  }

  #compact(revision: number): Outcome {
    if (revision > this.#revision) {
      return { kind: "refused", refusal: { reason: "future-revision", wanted: revision, current: this.#revision } }
    }
    if (revision <= this.#compactRevision) {
      return { kind: "refused", refusal: { reason: "compacted", compactRevision: this.#compactRevision } }
    }
    this.#compactRevision = revision
    this.#index.compact(revision, (version) => this.#records.remove(version.modRevision, version.sub))
    return { kind: "done" }
  }

  #grant({ id: wanted, ttlSeconds }: Command & { kind: "grant" }): Outcome {
    if (this.#leases.get(wanted) !== undefined) {
      return { kind: "refused", refusal: { reason: "lease-exists", id: wanted } }
    }
    let id = wanted
    if (wanted === 0) {
      do this.#lastLeaseId++
      while (this.#leases.get(this.#lastLeaseId) !== undefined)
      id = this.#lastLeaseId
    }
    return this.#setLease({ id, ttlSeconds, deadlineMs: this.#timeMs + ttlSeconds * 1000 })
  }

  #renew(id: number): Outcome {
    const lease = this.#leases.get(id)
    if (lease === undefined) return { kind: "refused", refusal: { reason: "lease-not-found", id } }
    return this.#setLease({ ...lease, deadlineMs: this.#timeMs + lease.ttlSeconds * 1000 })
  }

  #setLease(lease: Lease): Outcome {
    this.#leases.set(lease)
    this.#records.putLease(lease)
    return { kind: "lease", lease }
  }

  #revoke(id: number): Applied {
    if (this.#leases.get(id) === undefined) {
      return { outcome: { kind: "refused", refusal: { reason: "lease-not-found", id } }, written: nothingWritten }
    }
    return { outcome: { kind: "done" }, written: this.#end(id) }
  }

  #expire(): Applied {
    const written: RevisionChanges[] = []
    for (let ended = 0; ended < expiriesMax; ended++) {
      const id = this.#leases.firstExpired(this.#timeMs)
      if (id === undefined) break
      written.push(...this.#end(id))
    }
    return { outcome: { kind: "done" }, written }
  }

  /** Ends a lease and deletes its keys, all in one revision. */
  #end(id: number): readonly RevisionChanges[] {
    const keys = this.#leases.keysOf(id)
    const modRevision = this.#revision + 1
    const changes = keys.map((key, sub) => {
      const tombstone = { modRevision, sub, createRevision: 0, version: 0, lease: 0 }
      this.#leases.detach(id, key)
      this.#index.append(key, tombstone)
      return toKeyValue(key, tombstone, emptyValue)
    })
    this.#leases.remove(id)
    this.#records.removeLease(id)
    return changes.length === 0 ? nothingWritten : [this.#write(changes)]
  }
}
