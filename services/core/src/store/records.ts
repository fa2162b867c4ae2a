import { must } from "@wick/sdk/assert"
import type { Version } from "./key-history.ts"
import type { Lease } from "./lease-book.ts"
import type { Note } from "./member-storage.ts"
import type { KeyValue } from "./storage.ts"

/**
 * A change as it is kept: a key-value as it became, or, with `version` 0, a tombstone (which has no value).
 */
export type Change = KeyValue

export interface RevisionChanges {
  readonly revision: number
  /** In the order of the transaction; the index in this list is the change's `sub`. */
  readonly changes: readonly Change[]
}

/**
 * Where the bytes of history are, ordered by revision: in memory for tests, in a memory-mapped B-tree for real. All
 * of it is synchronous, because a rule that cannot be suspended cannot see half a write.
 */
export interface Records {
  /** `isAlone`: it is asked for by its key, and may be again. */
  value(version: Version, isAlone?: boolean): Uint8Array
  append(revision: number, changes: readonly Change[]): void
  remove(revision: number, sub: number): void
  /** Whole revisions from `from` on, in order, stopping after the first that brings the sum to `changesMax`. */
  scan(from: number, changesMax: number): readonly RevisionChanges[]
  /** Leases are few and change seldom; they are kept so that a restart knows them, and are not read before. */
  putLease(lease: Lease): void
  removeLease(id: number): void
  putNote(name: string, note: Note): void
}

/** History in a Map: the twin of the one on disk, for tests and for stores that need not survive. */
export class MemoryRecords implements Records {
  readonly #byRevision = new Map<number, (Change | undefined)[]>()
  #last = 0

  value({ modRevision, sub }: Version): Uint8Array {
    return must(this.#byRevision.get(modRevision)?.[sub], "the index only names records that are kept").value
  }

  append(revision: number, changes: readonly Change[]): void {
    this.#byRevision.set(revision, [...changes])
    this.#last = revision
  }

  remove(revision: number, sub: number): void {
    const changes = must(this.#byRevision.get(revision), "a record that is removed is here")
    changes[sub] = undefined
    if (changes.every((change) => change === undefined)) this.#byRevision.delete(revision)
  }

  scan(from: number, changesMax: number): readonly RevisionChanges[] {
    const found: RevisionChanges[] = []
    let total = 0
    for (let revision = from; revision <= this.#last && total < changesMax; revision++) {
      const changes = this.#byRevision.get(revision)?.filter((change) => change !== undefined)
      if (changes === undefined) continue
      found.push({ revision, changes })
      total += changes.length
    }
    return found
  }

  /** Place of a change within its revision, which compaction leaves as it was. */
  subOf(revision: number, change: Change): number {
    return must(this.#byRevision.get(revision), "the revision is kept").indexOf(change)
  }

  putLease(): void {}
  removeLease(): void {}
  putNote(): void {}
}
