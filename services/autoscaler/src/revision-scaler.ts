import type { LoadStretch, RevisionLoad } from "@wick/sdk/wire"
import { Aggregate } from "./aggregate.ts"
import { type Decision, decide, type Mode } from "./decide.ts"
import type { PlanFigures } from "./metrics/scaling-metrics.ts"
import { Recollection } from "./recollection.ts"
import { type Activity, scaleToZero, type ZeroAnswer } from "./scale-to-zero.ts"
import type { ScalingSpec } from "./settings.ts"
import { MaximumWindow } from "./window.ts"

/** Between two looks at a revision that has load. */
const tickMs = 2000

/** The world as far as a plan depends on it. */
export interface Situation {
  readonly spec: ScalingSpec
  readonly readyPods: number
  /** What the Deployment is told now. */
  readonly replicas: number
  /** Whether the initial scale was reached once. */
  readonly initialized: boolean
  /** How long load has been watched without a gap; undefined while no activator is connected. */
  readonly watchedMs: number | undefined
  /** Whether activators answer at the revision's Service, so that its last pod is not missed there. */
  readonly proxied: boolean
}

/** Who should answer at the revision's Service. */
export interface Backing {
  readonly mode: "Serve" | "Proxy"
  readonly activators: number
}

export interface Plan {
  readonly replicas: number
  readonly activity: Activity
  readonly initialized: boolean
  readonly mode: Mode["kind"]
  /** Absent when nothing is known of the load: what there is stays. */
  readonly backing: Backing | undefined
  readonly explain: Decision["explain"] | undefined
  /** When to look again, though nothing else happens; absent when only an event can change the plan. */
  readonly wakeAfterMs?: number
}

/** The memory of one revision's scaling: its load, mode and activity. Holds no clock and does no I/O. */
export class RevisionScaler {
  readonly aggregate: Aggregate
  #mode: Mode
  #activity: Activity
  #delay: MaximumWindow
  /** Requests at a time that the pods of the last plan can bear. Undefined: they are counted, and those at a time say nothing. */
  #bearable: number | undefined = 0
  /** Until it is known in which mode to go on from what was found. */
  #recollection: Recollection | undefined
  #figures: PlanFigures | undefined
  /** When somebody last called the revision's own Service, as far as activators have seen it. */
  #directMs = Number.NEGATIVE_INFINITY
  /** Whether what is found of the Service may have been decided by another, who knew of such callers. */
  #isNew: boolean

  /**
   * Pods that run already, or that were decided on and are on their way, are kept for a stable window: whoever decided
   * on them has seen what we have not.
   */
  constructor(first: { spec: ScalingSpec; activity: Activity; found: number; nowMs: number }) {
    const { spec, activity, found, nowMs } = first
    this.aggregate = new Aggregate(spec.stableWindowMs)
    this.#activity = activity
    this.#mode = { kind: "stable" }
    this.#isNew = found > 0
    if (found > 1) {
      this.#hold(found, nowMs)
      this.#recollection = new Recollection(found, nowMs)
    }
    this.#delay = new MaximumWindow(spec.scaleDownDelayMs)
    // Whoever was here before may have had a reason to keep them, and took it along.
    if (spec.scaleDownDelayMs > 0) this.#delay.record(nowMs, found)
  }

  /** What an activator saw before anybody listened. */
  recall(stretches: readonly LoadStretch[], nowMs: number): void {
    this.aggregate.recall(stretches, nowMs)
    this.#recollection?.add(stretches, nowMs)
  }

  report(activator: string, load: RevisionLoad, intervalMs: number, nowMs: number): void {
    this.aggregate.report(activator, load, intervalMs, nowMs)
    if (load.direct) this.#directMs = nowMs
    this.#recollection?.report(load, intervalMs, nowMs)
  }

  /**
   * Whether load has outgrown the last plan, so that the next tick would be too late. Requests that only wait for pods
   * which were decided on already press nobody: while a hundred revisions start, each is told of twenty times a second.
   */
  isPressed(): boolean {
    if (this.#bearable === undefined) return this.aggregate.waiting > 0
    return this.aggregate.concurrencyNow > this.#bearable
  }

  /** Of the last plan. */
  get figures(): PlanFigures | undefined {
    return this.#figures
  }

  plan(situation: Situation, nowMs: number): Plan {
    const { spec, readyPods, watchedMs } = situation
    if (this.#isNew && situation.proxied) this.#directMs = nowMs
    this.#isNew = false
    const directLeftMs = this.#directMs + spec.stableWindowMs - nowMs
    const min = spec.reachable ? spec.minScale : 0
    const initialized = situation.initialized || readyPods >= spec.initialScale
    // What was asked for at the start is kept for a stable window, like what was found running.
    if (initialized && !situation.initialized && readyPods > 1) this.#hold(readyPods, nowMs)
    const floor = initialized ? min : Math.max(min, spec.initialScale)
    // Silence means no load only while somebody is there who would speak.
    const decided = watchedMs === undefined ? undefined : this.#decide(situation, nowMs)
    const delayed = decided === undefined ? situation.replicas : this.#delayed(decided, spec, nowMs)
    const bounded = Math.max(floor, spec.maxScale > 0 ? Math.min(delayed, spec.maxScale) : delayed)
    const enough = Math.max(1, Math.min(floor, bounded))
    const question = {
      activity: this.#activity,
      wanted: bounded,
      replicas: situation.replicas,
      readyPods,
      enough,
      watchedMs: watchedMs ?? 0,
      proxied: situation.proxied,
    }
    const answer = scaleToZero(question, spec, nowMs)
    this.#activity = answer.activity
    this.#bearable = bearableBy(answer.replicas, spec)
    const rule = directLeftMs > 0 ? Math.min(directLeftMs, answer.wakeAfterMs ?? directLeftMs) : answer.wakeAfterMs
    const wakeAfterMs = this.#wakeAfterMs(rule, situation, answer.replicas > Math.max(floor, 1), nowMs)
    return {
      replicas: answer.replicas,
      activity: answer.activity,
      initialized,
      mode: this.#mode.kind,
      backing: decided && backingOf(answer, decided, directLeftMs > 0),
      explain: decided?.explain,
      ...(wakeAfterMs !== undefined && { wakeAfterMs }),
    }
  }

  #decide({ spec, readyPods }: Situation, nowMs: number): Decision {
    if (this.#recollection?.isGathered(nowMs)) {
      this.#mode = this.#recollection.mode(this.#mode, spec)
      this.#recollection = undefined
    }
    const decision = decide(this.#mode, this.aggregate.observe(spec, readyPods, nowMs), spec, nowMs)
    this.#mode = decision.mode
    const isPanicking = decision.mode.kind === "panic"
    this.#figures = { desired: decision.replicas, excessBurst: decision.excessBurst, isPanicking }
    return decision
  }

  #hold(replicasMax: number, nowMs: number): void {
    this.#mode = { kind: "panic", sinceMs: nowMs, replicasMax }
  }

  #delayed({ replicas, unhurried }: Decision, spec: ScalingSpec, nowMs: number): number {
    if (spec.scaleDownDelayMs === 0 || !spec.reachable) return replicas
    if (this.#delay.spanMs !== spec.scaleDownDelayMs) this.#delay = new MaximumWindow(spec.scaleDownDelayMs)
    return Math.max(replicas, this.#delay.record(nowMs, unhurried))
  }

  /** Ticks only while numbers move by themselves; then when the next rule falls due; else never. */
  #wakeAfterMs(
    rule: number | undefined,
    { watchedMs }: Situation,
    isFalling: boolean,
    nowMs: number,
  ): number | undefined {
    const due: number[] = []
    if (rule !== undefined) due.push(rule)
    if (watchedMs !== undefined) {
      if (isFalling || this.#mode.kind === "panic" || !this.aggregate.isIdle(nowMs)) due.push(tickMs)
      const falls = this.#delay.nextChangeMs()
      if (falls !== undefined) due.push(falls - nowMs)
    }
    return due.length === 0 ? undefined : Math.max(1, Math.min(...due))
  }
}

function bearableBy(replicas: number, { metric, targetPerPod, maxScale }: ScalingSpec): number | undefined {
  // There will be no more pods, whatever comes.
  if (maxScale > 0 && replicas >= maxScale) return Number.POSITIVE_INFINITY
  return metric === "rps" ? undefined : replicas * targetPerPod
}

/**
 * Pods answer for themselves where they have room for a burst; else, and where there are none, activators do. Who calls
 * the Service itself is counted by activators alone, so these stay as long as somebody does.
 */
function backingOf(
  { replicas, activity }: ZeroAnswer,
  { excessBurst, activators }: Decision,
  direct: boolean,
): Backing {
  const isProxied = replicas === 0 || activity.kind === "inactive" || excessBurst < 0 || direct
  return { mode: isProxied ? "Proxy" : "Serve", activators }
}
