import type { Kind, KindOf } from "../api/kind.ts"
import { must } from "../assert.ts"

/** A change of the cache. `before` is absent for an addition, `after` for a removal. */
export interface Change<Item> {
  readonly before?: Item
  readonly after?: Item
}

/** The object that changed: as it is now, or as it last was. */
export function subject<Item>(change: Change<Item>): Item {
  return must(change.after ?? change.before, "a change has an object on one side at least")
}

/**
 * A local, live copy of all objects of a kind that match its options: list, then watch from there, for ever. Objects in
 * the cache are shared: never change one, copy it.
 */
export interface Informer<K extends Kind> extends AsyncDisposable {
  readonly kind: K
  /** Resolves when the first list is in the cache. */
  readonly synced: Promise<void>
  get(name: string, namespace?: string): KindOf<K> | undefined
  list(namespace?: string): KindOf<K>[]
  /** Objects that the named index function gave `value` for. */
  byIndex(index: string, value: string): KindOf<K>[]
  /** `listener` sees every change after it was put in the cache, first all that is there now. Returns its undoing. */
  onChange(listener: (change: Change<KindOf<K>>) => void): () => void
  /** Whether the cache is at least as new as this version: what is not in it is not there, or not there any more. */
  hasSeen(resourceVersion: string): boolean
  /** Resolves when the cache has seen everything up to the server's present: for read-your-writes at a rim. */
  caughtUp(signal?: AbortSignal): Promise<void>
}
