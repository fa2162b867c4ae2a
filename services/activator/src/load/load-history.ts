import type { LoadStretch } from "@wick/sdk/wire"

/** An autoscaler that begins anew looks back no further than its usual window. */
const spanMs = 60_000
/** Reports come each second, or in a rush twenty times as often: of those several make one entry. */
const entryMs = 1000

interface Entry {
  fromMs: number
  toMs: number
  areaMs: number
  requests: number
}

/** What was reported of one revision within the last minute, for an autoscaler that has not heard it. */
export class LoadHistory {
  /** Oldest first. */
  #entries: Entry[] = []

  add(fromMs: number, toMs: number, areaMs: number, requests: number): void {
    const last = this.#entries.at(-1)
    if (last !== undefined && last.toMs === fromMs && toMs - last.fromMs <= entryMs) {
      last.toMs = toMs
      last.areaMs += areaMs
      last.requests += requests
    } else this.#entries.push({ fromMs, toMs, areaMs, requests })
    const oldestMs = toMs - spanMs
    if ((this.#entries[0]?.toMs ?? oldestMs) < oldestMs) {
      this.#entries = this.#entries.filter((entry) => entry.toMs >= oldestMs)
    }
  }

  /** Whether all of it is too old to be of use. */
  isOver(nowMs: number): boolean {
    return (this.#entries.at(-1)?.toMs ?? Number.NEGATIVE_INFINITY) < nowMs - spanMs
  }

  stretches(nowMs: number): LoadStretch[] {
    return this.#entries
      .filter(({ toMs }) => toMs >= nowMs - spanMs)
      .map(({ fromMs, toMs, areaMs, requests }) => ({
        endedMsAgo: nowMs - toMs,
        lengthMs: toMs - fromMs,
        concurrency: toMs > fromMs ? areaMs / (toMs - fromMs) : 0,
        requests,
      }))
  }
}
