import type { ScalingSpec } from "./settings.ts"

/** What is known of a revision's load, in its metric's unit, and of its pods. */
export interface Observation {
  readonly stable: number
  readonly panic: number
  /** Average over the last half second; of requests a second over the last two. */
  readonly surge: number
  /** Requests that wait for a pod now. */
  readonly waiting: number
  readonly readyPods: number
}

/**
 * - `stable`: pods follow the average of the stable window, up and down.
 * - `panic`: entered when the panic window's average wants `panicThreshold` times the ready pods; pods only grow.
 *   Left when that was last so a whole stable window ago.
 */
export type Mode =
  | { readonly kind: "stable" }
  | { readonly kind: "panic"; readonly sinceMs: number; readonly replicasMax: number }

export interface Decision {
  readonly mode: Mode
  /** Before bounds: 0 means that nothing was asked for a whole window. */
  readonly replicas: number
  /** The same, were there no limit to how fast pods may go: what scale-down-delay remembers. */
  readonly unhurried: number
  /** Room for a burst beside the present load; below 0 the activator has to buffer. */
  readonly excessBurst: number
  /** Activators that can bear what all pods can, and a burst beside it. */
  readonly activators: number
  readonly explain: {
    readonly wantStable: number
    readonly wantPanic: number
    readonly least: number
    readonly most: number
  }
}

/** How many pods the load wants: a pure function, so that hours of load are tested in milliseconds. */
export function decide(mode: Mode, seen: Observation, spec: ScalingSpec, nowMs: number): Decision {
  const ready = Math.max(1, seen.readyPods)
  const most = Math.ceil(spec.maxScaleUpRate * ready)
  // Nobody is routed to an unreachable revision: it may fall at once.
  const least = spec.reachable ? Math.floor(seen.readyPods / spec.maxScaleDownRate) : 0
  const wantStable = Math.ceil(seen.stable / spec.targetPerPod)
  const burst = burstLoad(mode, seen, spec, ready)
  const wantPanic = Math.ceil(burst / spec.targetPerPod)
  const byStable = activated(clamp(wantStable, least, most), wantStable, seen, spec)
  const byPanic = activated(clamp(wantPanic, least, most), wantPanic, seen, spec)
  const next = nextMode(mode, surpasses(burst, ready, spec), spec, nowMs)
  const explain = { wantStable, wantPanic, least, most }
  const excessBurst = burstRoom(seen, burst, spec)
  const activators = activatorsFor(ready, spec)
  if (next.kind === "stable") {
    const unhurried = activated(Math.min(wantStable, most), wantStable, seen, spec)
    return { mode: next, replicas: byStable, unhurried, excessBurst, activators, explain }
  }
  const replicas = Math.max(byStable, byPanic, next.replicasMax)
  return { mode: { ...next, replicasMax: replicas }, replicas, unhurried: replicas, excessBurst, activators, explain }
}

/**
 * Of a span so short a report that begins or ends some milliseconds off is a part: what exceeds whole pods by less than
 * this is none of them worth, and would take its start from theirs.
 */
const surgeBelieved = 0.99

/**
 * The panic window's average lags a jump by seconds. When the latest load alone would mean panic it is believed:
 * one that has lasted for half a second is no accident, and what was only a blink hardly raises that average. Once
 * panicking it goes on being believed, since the pods that have come meanwhile would hide the rest of the jump.
 */
function burstLoad(mode: Mode, seen: Observation, spec: ScalingSpec, ready: number): number {
  const jumped = mode.kind === "panic" || seen.surge / spec.targetPerPod / ready >= spec.panicThreshold
  return jumped ? Math.max(seen.panic, seen.surge * surgeBelieved) : seen.panic
}

/** A request that waits wants a pod, whatever the averages say; and the first pods come in the wanted number. */
function activated(replicas: number, want: number, seen: Observation, spec: ScalingSpec): number {
  const wanted = seen.waiting > 0 ? Math.max(replicas, 1) : replicas
  return want > 0 || seen.waiting > 0 ? Math.max(wanted, spec.activationScale) : wanted
}

/** Whether a load wants so many more pods than there are that it means panic. */
export function surpasses(load: number, readyPods: number, spec: ScalingSpec): boolean {
  return Math.ceil(load / spec.targetPerPod) / readyPods >= spec.panicThreshold
}

function nextMode(mode: Mode, overThreshold: boolean, spec: ScalingSpec, nowMs: number): Mode {
  if (overThreshold) return { kind: "panic", sinceMs: nowMs, replicasMax: mode.kind === "panic" ? mode.replicasMax : 0 }
  if (mode.kind === "panic" && nowMs - mode.sinceMs > spec.stableWindowMs) return { kind: "stable" }
  return mode
}

function burstRoom(seen: Observation, burst: number, spec: ScalingSpec): number {
  if (spec.targetBurstCapacity === 0) return 0
  if (spec.targetBurstCapacity < 0) return -1
  return Math.floor(seen.readyPods * spec.totalPerPod - spec.targetBurstCapacity - burst)
}

/** With one alone its loss would be felt. */
const activatorsMin = 2

/** A revision at zero has those that its first pod will want: it comes and goes without another word of them. */
function activatorsFor(readyPods: number, spec: ScalingSpec): number {
  if (spec.targetBurstCapacity === 0) return activatorsMin
  const borne = readyPods * spec.totalPerPod + Math.max(0, spec.targetBurstCapacity)
  return Math.max(activatorsMin, Math.ceil(borne / spec.activatorCapacity))
}

function clamp(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most)
}
