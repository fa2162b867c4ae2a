import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { LoadOfPods } from "./answer.ts"
import type { MetricsListen, MetricsServer } from "./server.ts"

/** What of the cluster's API tells where the API of metrics is; absent where somebody else sees to that. */
export interface MetricsExposure {
  /** Or how that is found out. */
  readonly listen: MetricsListen | (() => Promise<MetricsListen>)
  /** It is known at all times that the API is here, so it is served at all times. */
  readonly isLasting?: boolean
  /** Makes it known that the API of custom metrics is here. */
  expose(port: number): Promise<void>
  /** Nobody asks any more, or nobody answers. */
  withdraw(): Promise<void>
}

/** Serves custom metrics while a revision is scaled by them, and at no other time. */
export class MetricsApi implements AsyncDisposable {
  readonly #exposure: MetricsExposure
  readonly #loadOf: LoadOfPods
  readonly #clock: Clock
  readonly #log: Log
  #wanted: boolean | undefined
  #server: MetricsServer | undefined
  #turn: Promise<void> = Promise.resolve()

  constructor(exposure: MetricsExposure, loadOf: LoadOfPods, clock: Clock, log: Log) {
    this.#exposure = exposure
    this.#loadOf = loadOf
    this.#clock = clock
    this.#log = log
  }

  want(asked: boolean): void {
    const wanted = asked || this.#exposure.isLasting === true
    if (wanted === this.#wanted) return
    this.#wanted = wanted
    this.#turn = this.#turn
      .then(() => this.#settle())
      .catch((error: unknown) => {
        // Asked again with the next change of what is wanted.
        this.#wanted = undefined
        this.#log.warn("custom metrics cannot be served", { error })
      })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#turn
    await this.#server?.[Symbol.asyncDispose]()
  }

  async #settle(): Promise<void> {
    if (this.#wanted) {
      if (this.#server === undefined) {
        const { startMetricsServer } = await import("./server.ts")
        const { listen } = this.#exposure
        const place = typeof listen === "function" ? await listen() : listen
        this.#server = await startMetricsServer(place, this.#loadOf, this.#clock)
      }
      await this.#exposure.expose(this.#server.port)
    } else {
      await this.#exposure.withdraw()
      await this.#server?.[Symbol.asyncDispose]()
      this.#server = undefined
    }
  }
}
