import type { LoadStretch, RevisionLoad } from "@wick/sdk/wire"
import type { Observation } from "./decide.ts"
import type { ScalingSpec } from "./settings.ts"
import { LoadWindow } from "./window.ts"

const bucketMs = 1000
/** An activator with requests in flight reports at least this often; one that does not is not waited for. */
const reportMsMax = 1500
/** A jump shows within this span: long enough that a crowd of quick requests is averaged away. */
const surgeSpanMs = 500
const surgeBucketMs = 50
/** The same for requests a second, which are counted, not seen: of less it tells how evenly they come, not how many. */
const surgeRateSpanMs = 2000

/** A report that comes this much earlier or later than the last one lets expect was held up on its way. */
const jitterMsMax = 250
/** One that was held up is soon followed by one that was not; when all have been late for so long it is the clocks. */
const lateMsMax = 5000

interface LastWord {
  readonly atMs: number
  readonly waiting: number
  readonly concurrencyNow: number
  readonly pods: Readonly<Record<string, number>>
}

/** The last report of an activator. */
interface Told {
  /** Until when. */
  readonly toMs: number
  /** That there is no load any more: the next one may begin whenever it likes. */
  readonly isOver: boolean
  /** Since when all reports have come late; undefined while they come in time. */
  readonly lateSinceMs: number | undefined
}

/** Load of one revision, put together from what all activators report. */
export class Aggregate {
  #stable: LoadWindow
  readonly #surge = new LoadWindow(surgeSpanMs, surgeBucketMs, reportMsMax)
  /** Both are made when somebody first tells of it: of most revisions nobody does for long. */
  #lastWords: Map<string, LastWord> | undefined
  #told: Map<string, Told> | undefined

  constructor(stableWindowMs: number) {
    this.#stable = new LoadWindow(stableWindowMs, bucketMs, reportMsMax)
  }

  report(activator: string, load: RevisionLoad, intervalMs: number, nowMs: number): void {
    const toMs = this.#endOf(activator, load, intervalMs, nowMs)
    const stretch = {
      fromMs: toMs - intervalMs,
      toMs,
      concurrency: load.concurrency,
      requests: load.requests,
    }
    this.#stable.add(stretch)
    this.#surge.add(stretch)
    const { waiting, concurrencyNow, pods } = load
    if (concurrencyNow === 0) this.#lastWords?.delete(activator)
    else this.#take(activator, { atMs: toMs, waiting, concurrencyNow, pods })
  }

  /** What an activator saw before anybody listened. */
  recall(stretches: readonly LoadStretch[], nowMs: number): void {
    for (const { endedMsAgo, lengthMs, concurrency, requests } of stretches) {
      const toMs = nowMs - endedMsAgo
      const stretch = { fromMs: toMs - lengthMs, toMs, concurrency, requests }
      this.#stable.add(stretch)
      this.#surge.add(stretch)
    }
  }

  /**
   * Reports follow each other without gap or overlap, though one may come a little late and the next one in time. Those
   * that come all at once, after a pause of whoever sends or takes them, tell of one time after the other too: laid upon
   * each other they would be many times the load.
   */
  #endOf(activator: string, load: RevisionLoad, intervalMs: number, nowMs: number): number {
    this.#told ??= new Map()
    const last = this.#told.get(activator)
    const expectedMs = (last?.toMs ?? Number.NEGATIVE_INFINITY) + intervalMs
    const isLate = nowMs - expectedMs >= jitterMsMax
    const lateSinceMs = isLate ? (last?.lateSinceMs ?? nowMs) : undefined
    const follows = last !== undefined && !last.isOver && nowMs - (lateSinceMs ?? nowMs) < lateMsMax
    const isExpected = expectedMs - nowMs < jitterMsMax && (follows || !isLate)
    const toMs = isExpected ? expectedMs : nowMs
    const isOver = load.requests === 0 && load.concurrency === 0
    this.#told.set(activator, { toMs, isOver, lateSinceMs: isExpected ? lateSinceMs : undefined })
    return toMs
  }

  /** A request waits for which there is no pod, and the report on it has not come yet. */
  poke(activator: string, nowMs: number): void {
    if (this.#lastWords?.has(activator)) return
    this.#take(activator, { atMs: nowMs, waiting: 1, concurrencyNow: 1, pods: {} })
  }

  #take(activator: string, word: LastWord): void {
    this.#lastWords ??= new Map()
    this.#lastWords.set(activator, word)
  }

  /** The activator's stream has ended: what it had in flight ended with it, or is told again when it returns. */
  forget(activator: string): boolean {
    this.#told?.delete(activator)
    return this.#lastWords?.delete(activator) === true
  }

  get waiting(): number {
    return sum(this.#lastWords, ({ waiting }) => waiting)
  }

  get concurrencyNow(): number {
    return sum(this.#lastWords, ({ concurrencyNow }) => concurrencyNow)
  }

  /** In flight per pod, over all activators. */
  inFlight(): Map<string, number> {
    const total = new Map<string, number>()
    for (const { pods } of this.#lastWords?.values() ?? []) {
      for (const pod in pods) total.set(pod, (total.get(pod) ?? 0) + (pods[pod] ?? 0))
    }
    return total
  }

  /** Nothing was seen within the stable window and nothing is in flight. */
  isIdle(nowMs: number): boolean {
    return !this.#lastWords?.size && this.#stable.isEmpty(nowMs)
  }

  observe(spec: ScalingSpec, readyPods: number, nowMs: number): Observation {
    // A longer window begins with what the shorter one would have forgotten; a shorter one is read out of the longer.
    if (spec.stableWindowMs > this.#stable.spanMs)
      this.#stable = new LoadWindow(spec.stableWindowMs, bucketMs, reportMsMax)
    const asOfMs = this.#asOf(nowMs)
    const average = (windowMs: number): number =>
      spec.algorithm === "linear"
        ? this.#stable.average(asOfMs, windowMs, spec.metric)
        : this.#stable.weightedAverage(asOfMs, windowMs, spec.metric)
    return {
      stable: average(spec.stableWindowMs),
      panic: average(spec.panicWindowMs),
      surge:
        spec.metric === "rps"
          ? this.#stable.average(asOfMs, surgeRateSpanMs, "rps")
          : this.#surge.average(asOfMs, surgeSpanMs, "concurrency"),
      waiting: this.waiting,
      readyPods,
    }
  }

  /**
   * Until when load is known. Whoever has requests in flight will report on this moment only later: to take it for an
   * empty one would see load fall between any two reports, and pods with it.
   */
  #asOf(nowMs: number): number {
    let asOfMs = nowMs
    for (const { atMs } of this.#lastWords?.values() ?? []) asOfMs = Math.min(asOfMs, atMs)
    return Math.max(asOfMs, nowMs - reportMsMax)
  }
}

function sum(words: ReadonlyMap<string, LastWord> | undefined, value: (word: LastWord) => number): number {
  let total = 0
  for (const word of words?.values() ?? []) total += value(word)
  return total
}
