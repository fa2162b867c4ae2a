import type { Pod } from "@wick/sdk/api/core/pod"
import { findCondition } from "@wick/sdk/api/meta/condition"
import { parseTime } from "@wick/sdk/api/meta/time"
import type { PodValue, PodValues } from "./reading.ts"

/** A container that starts takes CPU for starting: what it takes in this time counts only once it is ready. */
const initialisingMs = 5 * 60_000
/** A pod that turned unready later than this after its start has been ready before, and is busy rather than starting. */
const firstReadinessMs = 30_000

/**
 * - `ready`: counts with its value.
 * - `unready`: has said nothing yet that could be believed.
 * - `missing`: runs, and the metric does not speak of it.
 * - `ignored`: failed, or on its way out.
 */
export interface PodGroups {
  readonly ready: readonly string[]
  readonly unready: readonly string[]
  readonly missing: readonly string[]
  readonly ignored: readonly string[]
}

export function groupPods(pods: readonly Pod[], values: PodValues, resource: string, nowMs: number): PodGroups {
  const groups = { ready: [] as string[], unready: [] as string[], missing: [] as string[], ignored: [] as string[] }
  for (const pod of pods) groups[groupOf(pod, values, resource, nowMs)].push(pod.metadata.name)
  return groups
}

function groupOf(pod: Pod, values: PodValues, resource: string, nowMs: number): keyof PodGroups {
  const { metadata, status } = pod
  if (metadata.deletionTimestamp !== undefined || status?.phase === "Failed") return "ignored"
  if (status?.phase === "Pending") return "unready"
  const value = values.get(metadata.name)
  if (value === undefined) return "missing"
  return resource === "cpu" && isStarting(pod, value, nowMs) ? "unready" : "ready"
}

function isStarting({ status }: Pod, { atMs, windowMs }: PodValue, nowMs: number): boolean {
  const ready = findCondition(status?.conditions, "Ready")
  const startedMs = parseTime(status?.startTime ?? "")
  if (ready === undefined || Number.isNaN(startedMs)) return true
  const changedMs = parseTime(ready.lastTransitionTime ?? status?.startTime ?? "")
  const isUnready = ready.status === "False"
  if (startedMs + initialisingMs > nowMs) return isUnready || atMs < changedMs + windowMs
  return isUnready && startedMs + firstReadinessMs > changedMs
}
