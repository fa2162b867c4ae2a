import { must } from "@wick/sdk/assert"
import { KeyHistory, type Version } from "./key-history.ts"
import { type KeyInterval, noEnd } from "./key-interval.ts"
import { SortedList } from "./sorted-list.ts"

/**
 * Every key that is remembered, with its versions: all of the store but the values. Compaction looks only at keys that
 * have something to forget, for each of them is noted when it first has.
 */
export class KeyIndex {
  readonly #byKey = new Map<string, KeyHistory>()
  readonly #sorted = new SortedList<KeyHistory>()
  /** Keys of which something will be forgotten: each once, however often it was written. */
  #superseded: KeyHistory[] = []
  /** Keys of a state that is being restored: to sort them all in the end is faster than to insert each. */
  #unsorted: KeyHistory[] = []

  /** Keys remembered, with those deleted but not yet compacted. */
  get size(): number {
    return this.#sorted.size
  }

  get(key: string): KeyHistory | undefined {
    return this.#byKey.get(key)
  }

  append(key: string, version: Version): void {
    const { history, isNew } = this.#take(key, version)
    if (isNew) this.#sorted.insert(history)
  }

  /** Appends a version of a state that is being restored: its keys are not walked before `restored`. */
  restore(key: string, version: Version): void {
    const { history, isNew } = this.#take(key, version)
    if (isNew) this.#unsorted.push(history)
  }

  restored(): void {
    this.#sorted.fill(this.#unsorted)
    this.#unsorted = []
  }

  #take(key: string, version: Version): { readonly history: KeyHistory; readonly isNew: boolean } {
    const known = this.#byKey.get(key)
    const history = known ?? new KeyHistory(key)
    if (known === undefined) this.#byKey.set(key, history)
    const isNoted = history.isSuperseded
    history.append(version)
    if (!isNoted && history.isSuperseded) this.#superseded.push(history)
    return { history, isNew: known === undefined }
  }

  /** Visits the keys of the interval in order until `visit` returns false. */
  walk(interval: KeyInterval, visit: (history: KeyHistory) => boolean): void {
    if (interval.end === undefined) {
      const history = this.#byKey.get(interval.key)
      if (history !== undefined) visit(history)
      return
    }
    this.#sorted.walk(interval.key, interval.end === noEnd ? undefined : interval.end, visit)
  }

  /** Forgets what only readers before `revision` could see; tells each forgotten version to `forgotten`. */
  compact(revision: number, forgotten: (version: Version) => void): void {
    const looked = this.#superseded
    this.#superseded = []
    for (const history of looked) {
      for (const version of history.compact(revision)) forgotten(version)
      if (history.isEmpty) this.#remove(history)
      else if (history.isSuperseded) this.#superseded.push(history)
    }
  }

  #remove(history: KeyHistory): void {
    must(this.#byKey.get(history.key), "a key that is removed is here")
    this.#byKey.delete(history.key)
    this.#sorted.remove(history.key)
  }
}
