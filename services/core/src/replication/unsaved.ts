import type { Change, Lease, RevisionChanges } from "#store"

/** What was applied since the last checkpoint: kept in memory, for the log can tell it again. */
export class Unsaved {
  readonly changes = new Map<number, (Change | undefined)[]>()
  /** Records in the table that compaction has dropped. */
  readonly removals: { readonly revision: number; readonly sub: number }[] = []
  /** Undefined: the lease is over. */
  readonly leases = new Map<number, Lease | undefined>()
  /** Bytes of values and keys, roughly. */
  size = 0

  get isEmpty(): boolean {
    return this.changes.size === 0 && this.removals.length === 0 && this.leases.size === 0
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
    if (changes === undefined) this.removals.push({ revision, sub })
    else changes[sub] = undefined // it was never in the table
    this.size += overhead
  }

  /** Takes in what was applied after this: the attempt to save this has failed. */
  join(later: Unsaved): void {
    for (const [revision, changes] of later.changes) this.changes.set(revision, changes)
    for (const { revision, sub } of later.removals) {
      const changes = this.changes.get(revision)
      if (changes !== undefined) changes[sub] = undefined
      this.removals.push({ revision, sub }) // the attempt may yet have got it into the table
    }
    for (const [id, lease] of later.leases) this.leases.set(id, lease)
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
