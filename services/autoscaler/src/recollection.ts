import type { LoadStretch, RevisionLoad } from "@wick/sdk/wire"
import { type Mode, surpasses } from "./decide.ts"
import type { ScalingSpec } from "./settings.ts"
import { LoadWindow, type Stretch } from "./window.ts"

const bucketMs = 1000
/** Within this time after a beginning every activator that there is has told what it saw before. */
const gatherMs = 5000
/** Of the stable window: with more of it known, what is not known hardly weighs. */
const shareKnown = 0.8

/**
 * What a scaler that begins anew knows of the time before: how many pods it found, and what activators have seen. It goes
 * on for a while after the beginning, since a jump that had just come shows in what follows it.
 */
export class Recollection {
  readonly #atMs: number
  readonly #found: number
  readonly #stretches: Stretch[] = []

  constructor(found: number, nowMs: number) {
    this.#found = found
    this.#atMs = nowMs
  }

  add(stretches: readonly LoadStretch[], nowMs: number): void {
    for (const { endedMsAgo, lengthMs, concurrency, requests } of stretches) {
      const toMs = nowMs - endedMsAgo
      this.#stretches.push({ fromMs: toMs - lengthMs, toMs, concurrency, requests })
    }
  }

  /** Of a time after the beginning. */
  report({ concurrency, requests }: RevisionLoad, intervalMs: number, nowMs: number): void {
    this.#stretches.push({ fromMs: nowMs - intervalMs, toMs: nowMs, concurrency, requests })
  }

  isGathered(nowMs: number): boolean {
    return nowMs - this.#atMs >= gatherMs
  }

  /**
   * The mode of one who has been here all the while; `present` when that is of a newer panic, or when too little is known.
   * Pods follow the average of the stable window, so that average tells how many there were when a jump came.
   */
  mode(present: Mode, spec: ScalingSpec): Mode {
    if (present.kind === "panic" && present.sinceMs > this.#atMs) return present
    const ordered = this.#stretches.toSorted((a, b) => a.toMs - b.toMs)
    const [first] = ordered
    if (first === undefined || this.#atMs - first.fromMs < shareKnown * spec.stableWindowMs) return present
    const window = new LoadWindow(spec.stableWindowMs, bucketMs)
    let sinceMs: number | undefined
    let before = 0
    for (const stretch of ordered) {
      window.add(stretch)
      const ready = Math.max(1, Math.ceil(before / spec.targetPerPod))
      const burst = window.average(stretch.toMs, spec.panicWindowMs, spec.metric)
      if (before > 0 && surpasses(burst, ready, spec)) sinceMs = stretch.toMs
      before = window.average(stretch.toMs, spec.stableWindowMs, spec.metric)
    }
    if (sinceMs === undefined || this.#atMs - sinceMs > spec.stableWindowMs) return { kind: "stable" }
    return { kind: "panic", sinceMs, replicasMax: this.#found }
  }
}
