import { rename, rm, stat } from "node:fs/promises"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { PodWorker } from "../pod/pod-worker.ts"
import type { Runtime } from "../runtime/runtime.ts"

export interface LogLimits {
  /** A file that is larger is put aside. */
  readonly bytesMax: number
  /** Files kept beside the one that is written. */
  readonly olderMax: number
  /** The runtime says nothing of sizes, so they are looked at: one `stat` per running container. */
  readonly checkMs: number
}

const limitsDefault: LogLimits = { bytesMax: 10 * 1024 * 1024, olderMax: 4, checkMs: 10_000 }

export interface LogRotationOptions {
  readonly runtime: Runtime
  readonly clock: Clock
  readonly log: Log
  readonly workers: () => Iterable<PodWorker>
  readonly limits?: LogLimits | undefined
}

/** Keeps the logs of containers within bounds: `0.log`, and before it `0.log.1` … `0.log.4`. */
export class LogRotation {
  readonly #options: LogRotationOptions
  readonly #limits: LogLimits
  #timer: Timer | undefined
  #over = false

  constructor(options: LogRotationOptions) {
    this.#options = options
    this.#limits = options.limits ?? limitsDefault
  }

  start(): void {
    if (this.#over) return
    const { clock, log } = this.#options
    this.#timer = clock.timer(this.#limits.checkMs, () => {
      this.#check()
        .catch((error) => log.warn("cannot rotate logs", { error }))
        .finally(() => this.start())
    })
  }

  stop(): void {
    this.#over = true
    this.#timer?.cancel()
  }

  async #check(): Promise<void> {
    for (const { state } of this.#options.workers()) {
      for (const { id, logPath, state: now } of state.containers.values()) {
        if (now !== "running") continue
        const size = await stat(logPath).then(
          (found) => found.size,
          () => 0,
        )
        if (size > this.#limits.bytesMax) await this.#rotate(id, logPath)
      }
    }
  }

  async #rotate(id: string, path: string): Promise<void> {
    const { olderMax } = this.#limits
    await rm(`${path}.${olderMax}`, { force: true })
    for (let index = olderMax - 1; index >= 1; index -= 1) {
      await rename(`${path}.${index}`, `${path}.${index + 1}`).catch(() => {})
    }
    await rename(path, `${path}.1`)
    await this.#options.runtime.reopenLog(id)
  }
}
