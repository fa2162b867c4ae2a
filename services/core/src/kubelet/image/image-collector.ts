import { statfs } from "node:fs/promises"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { PodWorker } from "../pod/pod-worker.ts"
import type { Runtime } from "../runtime/runtime.ts"

/** Above this part of the disk, unused images go; until it is below the other, or none is left. */
const highWater = 0.85
const lowWater = 0.8
/** Not more often than this, however many pods go. */
const pauseMs = 60_000

/** Removes unused images when the disk fills up. Considered when a pod has gone: no timer. */
export class ImageCollector {
  readonly #runtime: Runtime
  readonly #directory: string
  readonly #clock: Clock
  readonly #log: Log
  #lastAtMs = Number.NEGATIVE_INFINITY

  constructor(runtime: Runtime, directory: string, clock: Clock, log: Log) {
    this.#runtime = runtime
    this.#directory = directory
    this.#clock = clock
    this.#log = log
  }

  consider(workers: Iterable<PodWorker>): void {
    const nowMs = this.#clock.now()
    if (nowMs - this.#lastAtMs < pauseMs) return
    this.#lastAtMs = nowMs
    const used = new Set(
      [...workers].flatMap(({ state }) => [...state.containers.values()].map(({ imageId }) => imageId)),
    )
    const wanted = new Set(
      [...workers].flatMap(({ state }) => state.pod.spec.containers.map(({ image }) => image ?? "")),
    )
    this.#collect(used, wanted).catch((error) => this.#log.warn("cannot remove unused images", { error }))
  }

  async #collect(used: ReadonlySet<string>, wanted: ReadonlySet<string>): Promise<void> {
    if ((await this.#usage()) < highWater) return
    for (const image of await this.#runtime.images()) {
      const names = [image.id, ...image.tags, ...image.digests]
      if (image.pinned || names.some((name) => used.has(name) || wanted.has(name) || name.startsWith("wick.internal/")))
        continue
      this.#log.info("removing an unused image: the disk is nearly full", { image: image.tags[0] ?? image.id })
      await this.#runtime.removeImage(image.id)
      if ((await this.#usage()) < lowWater) return
    }
  }

  async #usage(): Promise<number> {
    const { blocks, bavail } = await statfs(this.#directory)
    return 1 - bavail / blocks
  }
}
