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
  readonly #versions: Version[] = []

  constructor(key: string) {
    this.key = key
  }

  get isEmpty(): boolean {
    return this.#versions.length === 0
  }

  append(version: Version): void {
    assert(version.modRevision > (this.#versions.at(-1)?.modRevision ?? 0), "a key changes once per revision, upwards")
    this.#versions.push(version)
  }

  /** The living version now. */
  latest(): Version | undefined {
    const version = this.#versions[this.#versions.length - 1]
    return version === undefined || version.version === 0 ? undefined : version
  }

  /** What was made of the key at just this revision, tombstones too; undefined when that is forgotten. */
  changeOf(modRevision: number): Version | undefined {
    return this.#versions.findLast((version) => version.modRevision === modRevision)
  }

  /** The version that lived at `revision`. */
  at(revision: number): Version | undefined {
    for (let at = this.#versions.length - 1; at >= 0; at--) {
      const version = this.#versions[at]
      if (version !== undefined && version.modRevision <= revision) return version.version === 0 ? undefined : version
    }
    return undefined
  }

  /**
   * Forgets what no reader at `revision` or later can see: all before the last version at or below it, and that one
   * too when it is a tombstone from before `revision`. (A tombstone of just that revision is an event which a watch
   * from `revision` still has to deliver.) Returns what was forgotten.
   */
  compact(revision: number): readonly Version[] {
    let keepFrom = 0
    for (let at = 0; at < this.#versions.length; at++) {
      const version = this.#versions[at]
      if (version === undefined || version.modRevision > revision) break
      keepFrom = version.version === 0 && version.modRevision < revision ? at + 1 : at
    }
    return this.#versions.splice(0, keepFrom)
  }
}
