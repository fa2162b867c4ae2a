import { rename, rm, stat } from "node:fs/promises"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { PodWorker } from "../pod/pod-worker.ts"
import type { Runtime } from "../runtime/runtime.ts"

const bytesMax = 10 * 1024 * 1024
/** Files kept beside the one that is written. */
const olderMax = 4
/** The runtime says nothing of sizes, so they are looked at: one `stat` per running container. */
const checkMs = 10_000

/** Keeps the logs of containers within bounds: `0.log`, and before it `0.log.1` … `0.log.4`. */
export class LogRotation {
  readonly #runtime: Runtime
  readonly #clock: Clock
  readonly #log: Log
  readonly #workers: () => Iterable<PodWorker>
  #timer: Timer | undefined
  #over = false

  constructor(runtime: Runtime, clock: Clock, log: Log, workers: () => Iterable<PodWorker>) {
    this.#runtime = runtime
    this.#clock = clock
    this.#log = log
    this.#workers = workers
  }

  start(): void {
    if (this.#over) return
    this.#timer = this.#clock.timer(checkMs, () => {
      this.#check()
        .catch((error) => this.#log.warn("cannot rotate logs", { error }))
        .finally(() => this.start())
    })
  }

  stop(): void {
    this.#over = true
    this.#timer?.cancel()
  }

  async #check(): Promise<void> {
    for (const { state } of this.#workers()) {
      for (const { id, logPath, state: now } of state.containers.values()) {
        if (now !== "running") continue
        const size = await stat(logPath).then(
          (found) => found.size,
          () => 0,
        )
        if (size > bytesMax) await this.#rotate(id, logPath)
      }
    }
  }

  async #rotate(id: string, path: string): Promise<void> {
    await rm(`${path}.${olderMax}`, { force: true })
    for (let index = olderMax - 1; index >= 1; index -= 1) {
      await rename(`${path}.${index}`, `${path}.${index + 1}`).catch(() => {})
    }
    await rename(path, `${path}.1`)
    await this.#runtime.reopenLog(id)
  }
}
