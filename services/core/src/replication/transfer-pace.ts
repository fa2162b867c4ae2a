/**
 * How fast a leader reads out its state for a member that lacks it. That takes processor and disk from the writes that a
 * leader is there for, so what decides is how long these take: the pace falls while they take much longer than they did
 * before, and rises while they do not, or nobody writes.
 */

/** Bytes a second, however slow writes are: a gibibyte is there within half a minute, for until then a member is missing. */
export const paceMin = 40 * 1024 * 1024
/** Bytes a second, however fast writes are. */
export const paceMax = 256 * 1024 * 1024
/** Where it begins: what a leader that is not idle can spare. */
const paceFirst = 64 * 1024 * 1024
/** How often the pace changes, in milliseconds. */
const adjustMs = 100
const fallFactor = 0.8
const riseFactor = 1.1
/** Times as long as before that writes may take. */
const slowFactor = 1.5
/** Milliseconds that a write may always take. */
const calmMs = 2
/** Weight of one more write in what they took before a transfer, and in what they take now. */
const usualWeight = 1 / 64
const presentWeight = 1 / 8
/** Time in which nothing was sent is not made up for beyond this, in milliseconds. */
const burstMs = 5

/** How long commands take from a leader's log to being committed: measured one at a time, which is enough and costs nothing. */
export class CommitTime {
  #measured: { readonly index: number; readonly sinceMs: number } | undefined
  #usualMs: number | undefined
  #presentMs: number | undefined
  #transfers = 0

  /** Entry `index` of this leader goes into its log now. */
  proposed(index: number, nowMs: number): void {
    this.#measured ??= { index, sinceMs: nowMs }
  }

  committed(index: number, nowMs: number): void {
    const measured = this.#measured
    if (measured === undefined || index < measured.index) return
    this.#measured = undefined
    const tookMs = nowMs - measured.sinceMs
    if (this.#transfers > 0) this.#presentMs = joined(this.#presentMs ?? tookMs, tookMs, presentWeight)
    else this.#usualMs = joined(this.#usualMs ?? tookMs, tookMs, usualWeight)
  }

  /** Leads no more: what it proposed may never be committed. */
  forget(): void {
    this.#measured = undefined
  }

  transferBegan(): void {
    if (this.#transfers++ === 0) this.#presentMs = undefined
  }

  transferEnded(): void {
    this.#transfers--
  }

  /** Writes take much longer than they did before the transfer. */
  isSlow(nowMs: number): boolean {
    const waitedMs = this.#measured === undefined ? 0 : nowMs - this.#measured.sinceMs
    const presentMs = Math.max(this.#presentMs ?? 0, waitedMs)
    return presentMs > Math.max(calmMs, slowFactor * (this.#usualMs ?? 0))
  }
}

function joined(average: number, next: number, weight: number): number {
  return average + (next - average) * weight
}

/** Of one transfer. */
export class TransferPace {
  readonly #isSlow: (nowMs: number) => boolean
  #rate = paceFirst
  #adjustedMs: number
  /** When what was sent so far has taken its time. */
  #freeMs: number

  constructor(isSlow: (nowMs: number) => boolean, nowMs: number) {
    this.#isSlow = isSlow
    this.#adjustedMs = nowMs
    this.#freeMs = nowMs
  }

  /** Bytes a second. */
  get rate(): number {
    return this.#rate
  }

  /** Milliseconds until so many bytes more may go. */
  delayMs(size: number, nowMs: number): number {
    if (nowMs - this.#adjustedMs >= adjustMs) {
      const wanted = this.#rate * (this.#isSlow(nowMs) ? fallFactor : riseFactor)
      this.#rate = Math.min(Math.max(wanted, paceMin), paceMax)
      this.#adjustedMs = nowMs
    }
    const startMs = Math.max(this.#freeMs, nowMs - burstMs)
    this.#freeMs = startMs + (size / this.#rate) * 1000
    return Math.max(0, startMs - nowMs)
  }
}
