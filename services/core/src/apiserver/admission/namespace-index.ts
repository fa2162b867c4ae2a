import type { AnyObject } from "@wick/sdk/api/kind"
import type { Clock } from "@wick/sdk/clock"
import type { Storage } from "#store"
import { createMirror, decodeJson } from "../mirror.ts"

/** The few objects of one policy kind, by namespace, without waiting. */
export interface NamespaceIndex<Value> {
  readonly ready: Promise<void>
  of(namespace: string): readonly Value[]
  close(): void
}

const none: readonly never[] = []

/** `plural` is of the core group. The lists are put together once per change: they are asked for on every write. */
export function createNamespaceIndex<Value extends Pick<AnyObject, "metadata">>(
  { storage, clock }: { readonly storage: Storage; readonly clock: Clock },
  plural: string,
): NamespaceIndex<Value> {
  const prefix = `/registry/core/${plural}/`
  const mirror = createMirror<Value>({ storage, prefix, decode: decodeJson, clock })
  let made: { readonly generation: number; readonly lists: ReadonlyMap<string, readonly Value[]> } | undefined
  const lists = (): ReadonlyMap<string, readonly Value[]> => {
    if (made?.generation === mirror.generation) return made.lists
    const values = [...mirror.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, value]) => value)
    const grouped = Map.groupBy(values, ({ metadata }) => metadata.namespace ?? "")
    made = { generation: mirror.generation, lists: grouped }
    return grouped
  }
  return {
    ready: mirror.ready,
    of: (namespace) => lists().get(namespace) ?? none,
    close: () => mirror.close(),
  }
}
