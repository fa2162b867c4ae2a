import type { Catalog, Snapshot } from "./catalog.ts"

export type Retention =
  | { readonly kind: "count"; readonly snapshots: number }
  | { readonly kind: "age"; readonly ageMs: number }

/**
 * Names that may be removed once a snapshot of the chain `writing` is finished, in the order in which they have to be.
 * Kept is the newest whole snapshot, however old, and all that a kept snapshot needs. Chains begun later than `writing`
 * are another writer's, and are left alone.
 */
export function decideRemovals(catalog: Catalog, retention: Retention, writing: string, nowMs: number): string[] {
  const whole = catalog.chains
    .flatMap(({ snapshots }) => snapshots)
    .filter(({ final }) => final !== undefined)
    .toSorted((a, b) => takenAt(b) - takenAt(a))
  const kept = whole.filter((snapshot, at) => {
    if (at === 0) return true
    return retention.kind === "count" ? at < retention.snapshots : takenAt(snapshot) >= nowMs - retention.ageMs
  })
  if (kept.length === 0) return []
  const removed = catalog.chains
    .filter(({ name }) => name <= writing)
    .flatMap(({ snapshots, segments }) => {
      // The last part first: without it a snapshot is not taken for whole.
      const parts = snapshots.flatMap((snapshot) => (kept.includes(snapshot) ? [] : snapshot.parts.toReversed()))
      const needed = snapshots.filter((snapshot) => kept.includes(snapshot)).map(({ base }) => base.segment)
      const oldest = Math.min(...needed)
      return [...parts, ...segments.filter(({ sequence }) => sequence < oldest).map(({ name }) => name)]
    })
  return [...removed, ...oldKeys(catalog, Math.min(...kept.map(takenAt)))]
}

/** Keys as they were at the oldest kept snapshot are those put last before it. */
function oldKeys({ keys }: Catalog, oldestMs: number): string[] {
  const current = keys.findLastIndex(({ takenAtMs }) => takenAtMs <= oldestMs)
  return keys.slice(0, Math.max(current, 0)).map(({ name }) => name)
}

function takenAt({ final }: Snapshot): number {
  return final?.takenAtMs ?? 0
}
