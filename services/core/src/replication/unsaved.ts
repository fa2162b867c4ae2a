import type { Change, Lease, Note, RevisionChanges } from "#store"

/** What was applied since the last checkpoint: kept in memory, for the log can tell it again. */
export class Unsaved {
  readonly changes = new Map<number, (Change | undefined)[]>()
  /**
   * Records that compaction has dropped, of each key the oldest first. Some of them may wait for a later save: whatever
   * number from the beginning is done, no key comes back to life, for its tombstone goes last.
   */
  removals: { readonly revision: number; readonly sub: number }[] = []
  /** Undefined: the lease is over. */
  readonly leases = new Map<number, Lease | undefined>()
  readonly notes = new Map<string, Note>()
  /** Bytes of values and keys, roughly. */
  size = 0

  get isEmpty(): boolean {
    return this.changes.size === 0 && this.removals.length === 0 && this.leases.size === 0 && this.notes.size === 0
  }

  get firstRevision(): number {
    return this.changes.keys().next().value ?? Number.POSITIVE_INFINITY
  }

  append(revision: number, changes: readonly Change[]): void {
    this.changes.set(revision, [...changes])
    for (const { key, value } of changes) this.size += overhead + key.length + value.length
  }

  remove(revision: number, sub: number): void {
    const changes = this.changes.get(revision)
    // What is not yet in the table need not get there; but a tombstone must, as what it hides may still be in it.
    if (changes?.[sub] !== undefined && changes[sub].version !== 0) changes[sub] = undefined
    else this.removals.push({ revision, sub })
  }

  /** Takes in what was applied after this: the attempt to save this has failed. */
  join(later: Unsaved): void {
    for (const [revision, changes] of later.changes) this.changes.set(revision, changes)
    this.removals = this.removals.concat(later.removals)
    for (const [id, lease] of later.leases) this.leases.set(id, lease)
    for (const [name, note] of later.notes) this.notes.set(name, note)
    this.size += later.size
  }

  /** Whole revisions from `from` on, until there are `changesMax` changes. */
  scan(from: number, changesMax: number, found: RevisionChanges[]): void {
    let total = found.reduce((sum, { changes }) => sum + changes.length, 0)
    for (const [revision, changes] of this.changes) {
      if (total >= changesMax) return
      if (revision < from) continue
      const kept = changes.filter((change) => change !== undefined)
      if (kept.length > 0) found.push({ revision, changes: kept })
      total += kept.length
    }
  }
}

/** What a change costs besides its bytes. */
const overhead = 100
