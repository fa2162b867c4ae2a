import type { Config } from "@wick/sdk/api/serving/config"
import type { Configuration } from "@wick/sdk/api/serving/configuration"
import type { Revision } from "@wick/sdk/api/serving/revision"
import { annotations, labels, type RoutingState } from "../../labels.ts"

export interface Observed {
  readonly configuration: Configuration
  /** All of the configuration's. */
  readonly revisions: readonly Revision[]
  readonly limits: Config["gc"]
}

export interface Decision {
  /** In the order of their age. */
  readonly remove: readonly Revision[]
  /** When time alone makes another one go; undefined: it does not. */
  readonly nextMs: number | undefined
}

/**
 * Which revisions nobody needs any more. Kept are those that traffic reaches or may reach soon, the latest ready one and
 * those that their users keep; of the others, which were last active longest ago first, all that are stale, but for
 * `min-non-active-revisions`, and all beyond `max-non-active-revisions`.
 */
export function decide({ configuration, revisions, limits }: Observed, nowMs: number): Decision {
  const { "min-non-active-revisions": min, "max-non-active-revisions": max } = limits
  const idle = revisions
    .filter((revision) => !isNeeded(configuration, revision))
    .map((revision) => ({ revision, lastActiveMs: lastActiveMs(revision), staleMs: staleMs(revision, limits) }))
    .sort((a, b) => a.lastActiveMs - b.lastActiveMs || (a.revision.metadata.name < b.revision.metadata.name ? -1 : 1))
  const spare = Math.max(0, idle.length - min)
  const stale = new Set(idle.filter((each) => each.staleMs <= nowMs).slice(0, spare))
  const young = idle.filter((each) => !stale.has(each))
  const excess = max === "disabled" ? [] : young.slice(0, Math.max(0, young.length - Math.max(max, min)))
  const removed = new Set([...stale, ...excess])
  const kept = idle.filter((each) => !removed.has(each))
  const next = kept.length > min ? Math.min(...kept.map((each) => each.staleMs)) : Number.POSITIVE_INFINITY
  return {
    remove: idle.filter((each) => removed.has(each)).map(({ revision }) => revision),
    nextMs: Number.isFinite(next) ? next : undefined,
  }
}

function isNeeded({ status }: Configuration, { metadata }: Revision): boolean {
  const state = (metadata.labels?.[labels.routingState] ?? "") as RoutingState
  const isKept = metadata.annotations?.[annotations.noGc]?.toLowerCase() === "true"
  // What nobody has said to be in reserve may be in use.
  return isKept || state !== "reserve" || metadata.name === status?.latestReadyRevisionName
}

/** When traffic left it; when it was made, if none ever came. */
function lastActiveMs({ metadata }: Revision): number {
  const modified = Date.parse(metadata.annotations?.[annotations.routingStateModified] ?? "")
  return Number.isNaN(modified) ? createdMs(metadata) : modified
}

function createdMs({ creationTimestamp = "" }: Revision["metadata"]): number {
  return Date.parse(creationTimestamp)
}

/** When it is old enough to go. */
function staleMs(revision: Revision, limits: Config["gc"]): number {
  const { "retain-since-create-time": sinceCreated, "retain-since-last-active-time": sinceActive } = limits
  if (sinceCreated === "disabled" && sinceActive === "disabled") return Number.POSITIVE_INFINITY
  return Math.max(
    sinceCreated === "disabled" ? 0 : createdMs(revision.metadata) + sinceCreated,
    sinceActive === "disabled" ? 0 : lastActiveMs(revision) + sinceActive,
  )
}
