import { NotInBackupError } from "./backup-error.ts"
import { type ObjectName, readName } from "./object-name.ts"

type Named<Kind extends ObjectName["kind"]> = ObjectName & { readonly kind: Kind; readonly name: string }
export type Segment = Named<"segment">
export type Keys = Named<"keys">

export interface Snapshot {
  readonly chain: string
  readonly base: { readonly segment: number; readonly revision: number }
  /** In order. */
  readonly parts: readonly string[]
  /** Undefined: it was never finished, or not all of it is there. */
  readonly final: { readonly revision: number; readonly takenAtMs: number } | undefined
}

/** Segments that follow on each other, and snapshots that they can be applied to. */
export interface Chain {
  readonly name: string
  readonly segments: readonly Segment[]
  readonly snapshots: readonly Snapshot[]
}

export interface Catalog {
  /** The oldest first. */
  readonly chains: readonly Chain[]
  readonly keys: readonly Keys[]
}

/** What there is, by its names. */
export function catalogOf(names: readonly string[]): Catalog {
  const objects = names.toSorted().flatMap((name) => {
    const object = readName(name)
    return object === undefined ? [] : [{ ...object, name }]
  })
  const chained = objects.filter((object) => object.kind !== "keys")
  const chains = Map.groupBy(chained, ({ chain }) => chain)
  return {
    keys: objects.filter((object) => object.kind === "keys"),
    chains: [...chains.keys()].toSorted().map((name) => chainOf(name, chains.get(name) ?? [])),
  }
}

function chainOf(name: string, objects: readonly (Segment | Named<"part">)[]): Chain {
  const parts = objects.filter((object) => object.kind === "part")
  const byBase = Map.groupBy(parts, ({ base }) => `${base.segment}-${base.revision}`)
  const snapshots = [...byBase.values()].flatMap((found): Snapshot[] => {
    const [first] = found
    if (first === undefined) return []
    const isWhole = found.every(({ part }, at) => part === at + 1)
    const final = isWhole ? found.at(-1)?.final : undefined
    return [{ chain: name, base: first.base, parts: found.map((part) => part.name), final }]
  })
  return { name, segments: objects.filter((object) => object.kind === "segment"), snapshots }
}

/** What a restore goes to; nothing: the latest there is. */
export type Target =
  | { readonly kind: "latest" }
  | { readonly kind: "revision"; readonly revision: number }
  | { readonly kind: "time"; readonly timeMs: number }

export interface RestorePlan {
  readonly snapshot: Snapshot
  /** To be applied to it, in order. */
  readonly segments: readonly Segment[]
  /** Changes after this one are left out. */
  readonly revision: number
  /** The last moment of which it has all. */
  readonly takenAtMs: number
}

/** The newest snapshot from which the target can be reached, and the way. Throws NotInBackupError. */
export function planRestore(catalog: Catalog, target: Target): RestorePlan {
  for (const chain of catalog.chains.toReversed()) {
    for (const snapshot of chain.snapshots.toReversed()) {
      const plan = planFrom(chain, snapshot, target)
      if (plan === undefined) continue
      expectNoGap(chain, plan, target)
      return plan
    }
  }
  const have = reachable(catalog)
  const nothing = "it has no whole snapshot yet"
  const asked =
    target.kind === "revision"
      ? `revision ${target.revision}`
      : target.kind === "time"
        ? new Date(target.timeMs).toISOString()
        : "anything"
  throw new NotInBackupError(
    `the backup cannot restore ${asked}: ${have.length === 0 ? nothing : `it has ${have.join("; ")}`}`,
  )
}

/** Less than was asked for is restored only to who says so. */
function expectNoGap({ segments }: Chain, { segments: planned, revision }: RestorePlan, target: Target): void {
  const last = planned.at(-1)
  if (last === undefined || target.kind === "revision") return
  const wanted = ({ sequence, takenAtMs }: Segment): boolean =>
    sequence > last.sequence && (target.kind === "latest" || takenAtMs <= target.timeMs)
  if (!segments.some(wanted)) return
  throw new NotInBackupError(
    `the backup has a gap: what comes after revision ${revision} is missing. To restore up to there, say so: --to-revision ${revision}`,
  )
}

/** What can be restored, in words. */
export function reachable({ chains }: Catalog): readonly string[] {
  return chains.flatMap((chain) => {
    const [first] = chain.snapshots.filter(({ final }) => final !== undefined)
    const last = first && planFrom(chain, first, { kind: "latest" })
    if (!first?.final || !last) return []
    const since = new Date(first.final.takenAtMs).toISOString()
    const until = new Date(last.takenAtMs).toISOString()
    return [`revisions ${first.final.revision} to ${last.revision} (${since} to ${until})`]
  })
}

function planFrom(chain: Chain, snapshot: Snapshot, target: Target): RestorePlan | undefined {
  const { final, base } = snapshot
  if (final === undefined) return undefined
  if (target.kind === "revision" && target.revision < final.revision) return undefined
  if (target.kind === "time" && target.timeMs < final.takenAtMs) return undefined
  const all = following(chain, base)
  const segments = all.filter((segment) => {
    // Without what was written while the snapshot was made, it is the state of no moment.
    if (segment.after < final.revision) return true
    if (target.kind === "revision") return segment.after < target.revision
    return target.kind === "latest" || segment.takenAtMs <= target.timeMs
  })
  const last = segments.at(-1)
  const reached = Math.max(last?.revision ?? base.revision, base.revision)
  if (reached < final.revision) return undefined // a segment is missing
  if (target.kind === "revision" && reached < target.revision) return undefined
  const revision = target.kind === "revision" ? target.revision : reached
  return { snapshot, segments, revision, takenAtMs: Math.max(last?.takenAtMs ?? 0, final.takenAtMs) }
}

/** The chain's segments from the base of a snapshot on, up to the first that is missing. */
function following({ segments }: Chain, base: Snapshot["base"]): readonly Segment[] {
  const found: Segment[] = []
  for (const segment of segments) {
    if (segment.sequence < base.segment) continue
    const before = found.at(-1)
    if (segment.sequence !== (before?.sequence ?? base.segment - 1) + 1) break
    if (before !== undefined && segment.after !== before.revision) break
    found.push(segment)
  }
  return found
}

/** The names of segments that should be there and are not, in words. */
export function gaps({ chains }: Catalog): readonly string[] {
  return chains.flatMap(({ name, segments }) =>
    segments.flatMap((segment, at) => {
      const before = segments[at - 1]
      if (before === undefined) return []
      if (segment.sequence === before.sequence + 1 && segment.after === before.revision) return []
      return [
        `chain ${name}: between segment ${before.sequence} (up to revision ${before.revision}) and segment ${segment.sequence} (from revision ${segment.after + 1}) something is missing`,
      ]
    }),
  )
}
