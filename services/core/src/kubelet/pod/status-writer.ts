import { isDeepStrictEqual } from "node:util"
import { Pod } from "@wick/sdk/api/core/pod"
import type { PodStatus } from "@wick/sdk/api/core/pod-status"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"

const retryMsMin = 100
const retryMsMax = 10_000

/**
 * Tells the API of one pod's status. Nobody waits for a write: the newest status is the only one that matters, so while
 * one is under way later ones replace each other, and a patch holds only what differs from what was written last.
 */
export class StatusWriter {
  readonly #client: Client
  readonly #clock: Clock
  readonly #log: Log
  /** Whose status it is: all of the pod as it was at first would be kept as long as the pod. */
  readonly #pod: Pick<Pod["metadata"], "name" | "namespace" | "uid">
  /** What the API has, as far as we know. */
  #written: PodStatus
  #wanted: PodStatus
  #writing: Promise<void> | undefined
  #gone = false

  constructor(client: Client, clock: Clock, log: Log, { metadata, status = {} }: Pod) {
    const { name, namespace, uid } = metadata
    this.#client = client
    this.#clock = clock
    this.#log = log
    this.#pod = { name, namespace, uid }
    this.#written = status
    this.#wanted = this.#written
  }

  /** The status that will be the API's when all is written. */
  get wanted(): PodStatus {
    return this.#wanted
  }

  write(status: PodStatus): void {
    if (!this.#writing && !difference(this.#written, status)) {
      // One that says the same is not kept beside it.
      this.#wanted = this.#written
      return
    }
    this.#wanted = status
    if (this.#gone || this.#writing) return
    this.#writing = this.#run().finally(() => {
      this.#writing = undefined
      // What was asked for in the moment between the last look and this one.
      this.write(this.#wanted)
    })
  }

  /** Resolves when the newest status is written, or the pod is gone. */
  async flush(): Promise<void> {
    while (this.#writing) await this.#writing
  }

  /** The object is gone: whatever was still to be said does not matter. */
  abandon(): void {
    this.#gone = true
  }

  async #run(): Promise<void> {
    let retryMs = retryMsMin
    while (!this.#gone) {
      const wanted = this.#wanted
      const patch = difference(this.#written, wanted)
      if (!patch) break
      try {
        await this.#patch(patch)
        this.#written = wanted
        retryMs = retryMsMin
      } catch (error) {
        if (isStatus(error, "Invalid")) {
          this.#log.warn("the status of a pod was refused", { pod: this.#pod.name, error })
          // It is given up, so that the next one is compared with it.
          this.#written = wanted
          continue
        }
        if (isStatus(error, "NotFound", "Conflict") && !(await this.#isThere())) {
          this.#gone = true
          continue
        }
        this.#log.warn("cannot write the status of a pod; trying again", { pod: this.#pod.name, error })
        await this.#clock.sleep(retryMs)
        retryMs = Math.min(retryMs * 2, retryMsMax)
      }
    }
  }

  /** A conflict says that the name is another pod's by now, or only that others wrote at the same time. */
  async #isThere(): Promise<boolean> {
    const { name, namespace, uid } = this.#pod
    try {
      const pod = await this.#client.get(Pod, { name, ...(namespace !== undefined && { namespace }) })
      return pod.metadata.uid === uid
    } catch (error) {
      // Who cannot be asked may be there.
      return !isStatus(error, "NotFound")
    }
  }

  async #patch(status: Record<string, unknown>): Promise<void> {
    const { name, namespace, uid } = this.#pod
    // The uid keeps a patch meant for this pod from a later one of the same name.
    const body = { metadata: { uid }, status }
    const reference = { name, ...(namespace !== undefined && { namespace }) }
    await this.#client.patch(Pod, reference, { type: "merge", body }, { subresource: "status" })
  }
}

/** Pure: a merge patch from one status to another, or `undefined` when they say the same. */
export function difference(before: PodStatus, after: PodStatus): Record<string, unknown> | undefined {
  const patch: Record<string, unknown> = {}
  for (const key of new Set([...Object.keys(before), ...Object.keys(after)]) as Set<keyof PodStatus>) {
    if (key === "observedGeneration" || key === "nominatedNodeName") continue
    if (isDeepStrictEqual(before[key], after[key])) continue
    patch[key] = after[key] ?? null
  }
  return Object.keys(patch).length === 0 ? undefined : patch
}
