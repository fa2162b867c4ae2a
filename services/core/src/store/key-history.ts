import { assert } from "@wick/sdk/assert"

/**
 * One change of a key, without its value. `version` 0 is a tombstone: the key was deleted at `modRevision`. The value
 * is in the records, found by (modRevision, sub).
 */
export interface Version {
  readonly modRevision: number
  /** Which of the changes made by its transaction this was, from 0. */
  readonly sub: number
  readonly createRevision: number
  readonly version: number
  readonly lease: number
  /** Its value, while a `ValueCache` keeps it. */
  cached?: Uint8Array | undefined
}

/**
 * All that is remembered of a key: its versions in order of revision. A key put at 2 and 5, deleted at 7 and made anew
 * at 9 has
 *
 *     mod   2  5  7  9
 *     create 2  2  0  9
 *     version 1  2  0  1        0: tombstone
 *
 * and after compaction at 6 the versions 5, 7, 9: what a reader at 6 or later can still see. At 8 nothing of the first
 * life is left, not even its tombstone.
 */
export class KeyHistory {
  readonly key: string
  /** Apart from the older ones: nearly every read asks for it, and most keys have no other. */
  #last: Version | undefined
  #older: Version[] = noVersions

  constructor(key: string) {
    this.key = key
  }

  get isEmpty(): boolean {
    return this.#last === undefined
  }

  /**
   * Whether there is something that compaction will forget one day: an older version, or a tombstone, even if that is all
   * that there is, as it can be after a restart.
   */
  get isSuperseded(): boolean {
    return this.#older.length > 0 || this.#last?.version === 0
  }

  append(version: Version): void {
    const last = this.#last
    this.#last = version
    if (last === undefined) return
    assert(version.modRevision > last.modRevision, "a key changes once per revision, upwards")
    if (this.#older.length === 0) this.#older = [last]
    else this.#older.push(last)
  }

  /** The living version now. */
  latest(): Version | undefined {
    return living(this.#last)
  }

  /** What was made of the key at just this revision, tombstones too; undefined when that is forgotten. */
  changeOf(modRevision: number): Version | undefined {
    if (this.#last?.modRevision === modRevision) return this.#last
    return this.#older.findLast((version) => version.modRevision === modRevision)
  }

  /** The version that lived at `revision`. */
  at(revision: number): Version | undefined {
    if (this.#last === undefined || this.#last.modRevision <= revision) return living(this.#last)
    return living(this.#older.findLast((version) => version.modRevision <= revision))
  }

  /**
   * Forgets what no reader at `revision` or later can see: all before the last version at or below it, and that one
   * too when it is a tombstone from before `revision`. (A tombstone of just that revision is an event which a watch
   * from `revision` still has to deliver.) Returns what was forgotten.
   */
  compact(revision: number): readonly Version[] {
    if (this.#last === undefined) return noVersions
    const next = this.#older[1] ?? this.#last
    if (this.#older.length > 0 && next.modRevision > revision) return noVersions
    const versions = [...this.#older, this.#last]
    let keepFrom = 0
    for (const [at, version] of versions.entries()) {
      if (version.modRevision > revision) break
      keepFrom = version.version === 0 && version.modRevision < revision ? at + 1 : at
    }
    const forgotten = versions.splice(0, keepFrom)
    this.#last = versions.pop()
    this.#older = versions.length === 0 ? noVersions : versions
    return forgotten
  }
}

/** Shared by all keys that have nothing older: never pushed to. */
const noVersions: Version[] = []

function living(version: Version | undefined): Version | undefined {
  return version === undefined || version.version === 0 ? undefined : version
}
