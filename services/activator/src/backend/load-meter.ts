/** Requests of a revision in this activator over time: their area (requests × milliseconds) gives any average. */
export class LoadMeter {
  /** Requests now in the activator, waiting or in a pod. */
  now = 0
  #requests = 0
  #areaMs = 0
  #changedMs: number

  constructor(nowMs: number) {
    this.#changedMs = nowMs
  }

  enter(nowMs: number): void {
    this.#areaMs += this.now * (nowMs - this.#changedMs)
    this.#changedMs = nowMs
    this.now++
    this.#requests++
  }

  leave(nowMs: number): void {
    this.#areaMs += this.now * (nowMs - this.#changedMs)
    this.#changedMs = nowMs
    this.now--
  }

  /** What came together since the last reading; begins anew. */
  read(nowMs: number): { areaMs: number; requests: number } {
    const reading = { areaMs: this.#areaMs + this.now * (nowMs - this.#changedMs), requests: this.#requests }
    this.#areaMs = 0
    this.#requests = 0
    this.#changedMs = nowMs
    return reading
  }
}
