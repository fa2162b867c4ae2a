import { statfs } from "node:fs/promises"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { PodWorker } from "../pod/pod-worker.ts"
import type { ImageRecord, Runtime } from "../runtime/runtime.ts"

export interface ImageLimits {
  /** Above this part of the disk, unused images go; until it is below the other, or none is left. */
  readonly highWater: number
  readonly lowWater: number
  /** Not more often than this, however many pods go. */
  readonly pauseMs: number
}

const limitsDefault: ImageLimits = { highWater: 0.85, lowWater: 0.8, pauseMs: 60_000 }
/** Images of our own, such as the one that sandboxes are made of. */
const ownPrefix = "wick.internal/"

export interface ImageCollectorOptions {
  readonly runtime: Pick<Runtime, "images" | "removeImage">
  /** On the disk that images are on. */
  readonly directory: string
  readonly clock: Clock
  readonly log: Log
  /** "none": images are somebody else's to remove. */
  readonly limits?: ImageLimits | "none" | undefined
  /** Part of the disk that is used, 0 to 1. */
  readonly usage?: () => Promise<number>
}

/** Removes unused images when the disk fills up. Considered when a pod has gone: no timer. */
export class ImageCollector {
  readonly #options: ImageCollectorOptions
  readonly #limits: ImageLimits | "none"
  #lastAtMs = Number.NEGATIVE_INFINITY

  constructor(options: ImageCollectorOptions) {
    this.#options = options
    this.#limits = options.limits ?? limitsDefault
  }

  /** Resolves when what was to be removed is; `workers` are the pods of the node. */
  async consider(workers: () => Iterable<Pick<PodWorker, "state">>): Promise<void> {
    const { clock, log } = this.#options
    const limits = this.#limits
    const nowMs = clock.now()
    if (limits === "none" || nowMs - this.#lastAtMs < limits.pauseMs) return
    this.#lastAtMs = nowMs
    await this.#collect(limits, workers).catch((error) => log.warn("cannot remove unused images", { error }))
  }

  async #collect(limits: ImageLimits, workers: () => Iterable<Pick<PodWorker, "state">>): Promise<void> {
    const { runtime, log } = this.#options
    if ((await this.#usage()) < limits.highWater) return
    for (const image of await runtime.images()) {
      // Asked again for every image: a pod may have come while another image was being removed.
      if (!isUnused(image, namesInUse(workers()))) continue
      log.info("removing an unused image: the disk is nearly full", { image: image.tags[0] ?? image.id })
      await runtime.removeImage(image.id)
      if ((await this.#usage()) < limits.lowWater) return
    }
  }

  async #usage(): Promise<number> {
    if (this.#options.usage) return this.#options.usage()
    const { blocks, bavail } = await statfs(this.#options.directory)
    return 1 - bavail / blocks
  }
}

/** What runs, has run or is to run: by what the runtime calls it, and by what the pods call it. */
function namesInUse(workers: Iterable<Pick<PodWorker, "state">>): Set<string> {
  const names = new Set<string>()
  for (const { state } of workers) {
    for (const { imageId } of state.containers.values()) names.add(imageId)
    const { initContainers = [], containers, ephemeralContainers = [] } = state.pod.spec
    for (const { image } of state.pod.spec.volumes ?? []) if (image?.reference) names.add(image.reference)
    for (const { image = "" } of [...initContainers, ...containers, ...ephemeralContainers]) names.add(image)
  }
  return names
}

/** Pure: whether an image may go. */
export function isUnused(image: ImageRecord, inUse: ReadonlySet<string>): boolean {
  const names = [image.id, ...image.tags, ...image.digests]
  return !image.pinned && !names.some((name) => inUse.has(name) || name.startsWith(ownPrefix))
}
