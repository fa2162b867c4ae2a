import type { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import type { Memory, Step } from "./memory.ts"

type Behavior = NonNullable<HorizontalPodAutoscaler["spec"]["behavior"]>
type Rules = NonNullable<Behavior["scaleUp"]>

/** Fewer pods wait for so long, where nobody says otherwise: load that falls often comes back. */
const downWindowSeconds = 300
/** Without rules pods may double at a time, and always grow to this many. */
const freeReplicas = 4
const doubling = 2

export interface Bounds {
  readonly least: number
  readonly most: number
}

export interface Verdict {
  readonly replicas: number
  /** Whether windows changed the wish, and how; undefined when they did not. */
  readonly stabilized: "up" | "down" | undefined
  /** Which limit cut the wish; undefined when none did. */
  readonly limit: "ScaleUpLimit" | "ScaleDownLimit" | "TooManyReplicas" | "TooFewReplicas" | undefined
}

/**
 * From what metrics ask for to what may be done: first the windows (of what was asked for lately the most careful
 * counts), then the rates, then the bounds.
 */
export function calm(
  wish: number,
  current: number,
  behavior: Behavior | undefined,
  bounds: Bounds,
  memory: Memory,
  nowMs: number,
): Verdict {
  return behavior === undefined
    ? withoutRules(wish, current, bounds, memory, nowMs)
    : withRules(wish, current, behavior, bounds, memory, nowMs)
}

function withoutRules(wish: number, current: number, { least, most }: Bounds, memory: Memory, nowMs: number): Verdict {
  const stable = highest(wish, memory, downWindowSeconds, nowMs)
  const rate = Math.max(doubling * current, freeReplicas)
  const stabilized = stable === wish ? undefined : "down"
  if (stable < least) return { replicas: least, stabilized, limit: "TooFewReplicas" }
  if (stable > Math.min(most, rate)) {
    return { replicas: Math.min(most, rate), stabilized, limit: most > rate ? "ScaleUpLimit" : "TooManyReplicas" }
  }
  return { replicas: stable, stabilized, limit: undefined }
}

function withRules(
  wish: number,
  current: number,
  { scaleUp = {}, scaleDown = {} }: Behavior,
  { least, most }: Bounds,
  memory: Memory,
  nowMs: number,
): Verdict {
  const floor = lowest(wish, memory, scaleUp.stabilizationWindowSeconds ?? 0, nowMs)
  const ceiling = highest(wish, memory, scaleDown.stabilizationWindowSeconds ?? downWindowSeconds, nowMs)
  const stable = Math.min(Math.max(current, floor), ceiling)
  const stabilized = stable === wish ? undefined : wish >= current ? "up" : "down"
  if (stable > current) {
    const rate = Math.max(current, rateUp(current, scaleUp, memory, nowMs))
    const allowed = Math.min(most, rate)
    if (stable > allowed) {
      return { replicas: allowed, stabilized, limit: most > rate ? "ScaleUpLimit" : "TooManyReplicas" }
    }
  } else if (stable < current) {
    const rate = Math.min(current, rateDown(current, scaleDown, memory, nowMs))
    const allowed = Math.max(least, rate)
    if (stable < allowed) {
      return { replicas: allowed, stabilized, limit: least < rate ? "ScaleDownLimit" : "TooFewReplicas" }
    }
  }
  return { replicas: stable, stabilized, limit: undefined }
}

function wishesSince({ wishes }: Memory, seconds: number, nowMs: number): number[] {
  return wishes.filter(({ atMs }) => atMs > nowMs - seconds * 1000).map(({ replicas }) => replicas)
}

function highest(wish: number, memory: Memory, seconds: number, nowMs: number): number {
  return Math.max(wish, ...wishesSince(memory, seconds, nowMs))
}

function lowest(wish: number, memory: Memory, seconds: number, nowMs: number): number {
  return Math.min(wish, ...wishesSince(memory, seconds, nowMs))
}

/** Pods that there were when a policy's period began, as if nothing had been done in it. */
function atPeriodStart(current: number, { added, removed }: Memory, seconds: number, nowMs: number): number {
  const sum = (steps: readonly Step[]): number =>
    steps.reduce((total, { atMs, pods }) => (atMs > nowMs - seconds * 1000 ? total + pods : total), 0)
  return current - sum(added) + sum(removed)
}

function rateUp(current: number, { selectPolicy, policies = [] }: Rules, memory: Memory, nowMs: number): number {
  if (selectPolicy === "Disabled") return current
  const limits = policies.map(({ type, value, periodSeconds }) => {
    const start = atPeriodStart(current, memory, periodSeconds, nowMs)
    return type === "Pods" ? start + value : Math.ceil(start * (1 + value / 100))
  })
  return selectPolicy === "Min" ? Math.min(...limits) : Math.max(...limits)
}

function rateDown(current: number, { selectPolicy, policies = [] }: Rules, memory: Memory, nowMs: number): number {
  if (selectPolicy === "Disabled") return current
  const limits = policies.map(({ type, value, periodSeconds }) => {
    const start = atPeriodStart(current, memory, periodSeconds, nowMs)
    return type === "Pods" ? start - value : Math.trunc(start * (1 - value / 100))
  })
  // The least change leaves the most pods.
  return selectPolicy === "Min" ? Math.max(...limits) : Math.min(...limits)
}
