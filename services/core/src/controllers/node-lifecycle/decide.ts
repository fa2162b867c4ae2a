import type { Node, NodeCondition } from "@wick/sdk/api/core/node"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Taint, Toleration } from "@wick/sdk/api/core/scheduling"
import { findCondition } from "@wick/sdk/api/meta/condition"
import { formatTime, parseTime } from "@wick/sdk/api/meta/time"

/** A node that has not renewed its lease for this long is lost. */
export const graceMs = 40_000
/** How long pods stay on a lost or failing node when they do not say otherwise. */
const tolerationSecondsDefault = 300

const notReady = "node.kubernetes.io/not-ready"
const unreachable = "node.kubernetes.io/unreachable"

/** Whether a node is heard of, and what it says: ready · failing: it says that it is not · lost: it says nothing. */
export type Health = "ready" | "failing" | "lost"

export interface NodePlan {
  readonly health: Health
  /** Conditions that become Unknown, because nobody is there to keep them. */
  readonly conditions: readonly NodeCondition[] | undefined
  /** All taints of the node, when they are to be others. */
  readonly taints: readonly Taint[] | undefined
  /** What users are told of it, when its health has changed. */
  readonly news: "NodeReady" | "NodeNotReady" | undefined
  /** When a node that is heard of now would be lost. */
  readonly wakeAfterMs: number | undefined
}

/** `silentMs`: for how long the node has not been heard of, by a clock of ours that nobody sets. */
export function decideNode(node: Node, silentMs: number, nowMs: number): NodePlan {
  const ready = findCondition(node.status?.conditions, "Ready")
  const lost = silentMs >= graceMs
  const health: Health = lost ? "lost" : ready?.status === "True" ? "ready" : "failing"
  // A node that has just been made has not said anything yet: it is given the time to.
  const young = ready === undefined && !lost
  const taints = young ? undefined : taintsFor(node, health, nowMs)
  const wasMarked = node.spec?.taints?.some(isOurs) ?? false
  const isMarked = taints?.some(isOurs) ?? wasMarked
  return {
    health: young ? "ready" : health,
    conditions: lost ? unknownConditions(node, nowMs) : undefined,
    taints,
    news: wasMarked === isMarked ? undefined : isMarked ? "NodeNotReady" : "NodeReady",
    wakeAfterMs: lost ? undefined : graceMs - silentMs,
  }
}

function unknownConditions(node: Node, nowMs: number): NodeCondition[] | undefined {
  const before = node.status?.conditions ?? []
  const all: NodeCondition[] = before.length > 0 ? [...before] : [{ type: "Ready", status: "Unknown" }]
  if (before.length > 0 && before.every(({ status }) => status === "Unknown")) return undefined
  const now = formatTime(nowMs)
  return all.map((condition) =>
    condition.status === "Unknown" && before.length > 0
      ? condition
      : {
          ...condition,
          status: "Unknown",
          lastTransitionTime: now,
          reason: "NodeStatusUnknown",
          message: "Kubelet stopped posting node status.",
        },
  )
}

function isOurs({ key }: Taint): boolean {
  return key === notReady || key === unreachable
}

/**
 * The node's own taints, and ours as its health asks for; undefined when they are so already. Those by which pods must
 * leave get the moment from which pods may still stay.
 */
function taintsFor(node: Node, health: Health, nowMs: number): Taint[] | undefined {
  const before = node.spec?.taints ?? []
  const key = health === "failing" ? notReady : health === "lost" ? unreachable : undefined
  const effects = key === undefined ? [] : (["NoSchedule", "NoExecute"] as const)
  const isWanted = (taint: Taint): boolean => taint.key === key && effects.some((effect) => effect === taint.effect)
  const kept = before.filter((taint) => !isOurs(taint) || isWanted(taint))
  const missing = effects.filter((effect) => !before.some((taint) => taint.key === key && taint.effect === effect))
  const added = missing.map((effect): Taint => ({ key: key ?? "", effect }))
  const undated = (taint: Taint): boolean => taint.effect === "NoExecute" && taint.timeAdded === undefined
  if (kept.length === before.length && added.length === 0 && !kept.some(undated)) return undefined
  return [...kept, ...added].map((taint) => (undated(taint) ? { ...taint, timeAdded: formatTime(nowMs) } : taint))
}

/**
 * When a pod must leave a node because of its NoExecute taints: undefined for never. A pod that says nothing about the
 * two taints of a node's health tolerates them for five minutes, so that a short silence of a node moves nothing.
 */
export function evictAtMs(pod: Pod, node: Node): number | undefined {
  const moments = (node.spec?.taints ?? [])
    .filter(({ effect }) => effect === "NoExecute")
    .map((taint) => leavesAtMs(pod, taint))
    .filter((ms) => ms !== undefined)
  return moments.length === 0 ? undefined : Math.min(...moments)
}

function leavesAtMs({ spec }: Pod, taint: Taint): number | undefined {
  // A taint without a date gets one first, which brings us here again.
  if (taint.timeAdded === undefined) return undefined
  const addedMs = parseTime(taint.timeAdded)
  const matching = (spec.tolerations ?? []).filter((toleration) => matches(toleration, taint))
  if (matching.length > 0) {
    const seconds = matching.map(({ tolerationSeconds }) => tolerationSeconds ?? Number.POSITIVE_INFINITY)
    const shortest = Math.min(...seconds)
    return shortest === Number.POSITIVE_INFINITY ? undefined : addedMs + Math.max(0, shortest) * 1000
  }
  const byHealth = taint.key === notReady || taint.key === unreachable
  return byHealth ? addedMs + tolerationSecondsDefault * 1000 : addedMs
}

function matches({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect && effect !== taint.effect) return false
  if (key && key !== taint.key) return false
  return operator === "Exists" || (Boolean(key) && (value ?? "") === (taint.value ?? ""))
}

/** A pod on a lost node cannot be reached: nobody should be sent there. */
export function unreachableConditions({ status }: Pod, nowMs: number): object[] | undefined {
  const stale = (status?.conditions ?? []).filter(
    ({ type, status: value }) => (type === "Ready" || type === "ContainersReady") && value === "True",
  )
  if (stale.length === 0) return undefined
  return stale.map(({ type }) => ({ type, status: "False", lastTransitionTime: formatTime(nowMs), reason: "NodeLost" }))
}
