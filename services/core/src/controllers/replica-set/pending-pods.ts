import type { Pod } from "@wick/sdk/api/core/pod"
import type { Informer } from "@wick/sdk/controller"

/**
 * What a set has asked for and the cache does not show yet. Counting it makes a stale cache harmless: no pod is made
 * twice, none is removed twice, and nobody has to wait for the watch before going on.
 */
export class PendingPods {
  readonly #pods: Informer<typeof Pod>
  /** Owner uid → pods that were made: uid → reference. */
  readonly #made = new Map<string, Map<string, Pod["metadata"]>>()
  /** Owner uid → uids of pods that were asked to go. */
  readonly #leaving = new Map<string, Map<string, Pod["metadata"]>>()

  constructor(pods: Informer<typeof Pod>) {
    this.#pods = pods
  }

  made(owner: string, pod: Pod): void {
    note(this.#made, owner, pod.metadata)
  }

  /** To be noted before the request is sent, so that nobody asks again meanwhile. */
  leaving(owner: string, pod: Pod): void {
    note(this.#leaving, owner, pod.metadata)
  }

  /** The request failed: the pod stays. */
  stays(owner: string, pod: Pod): void {
    this.#leaving.get(owner)?.delete(pod.metadata.uid)
  }

  unseenCount(owner: string): number {
    const made = this.#made.get(owner)
    if (!made) return 0
    for (const [uid, { name, namespace, resourceVersion }] of made) {
      const shown = this.#pods.get(name, namespace)?.metadata.uid === uid
      // A cache that is past the creation and does not have the pod has seen it come and go.
      if (shown || this.#pods.hasSeen(resourceVersion)) made.delete(uid)
    }
    if (made.size === 0) this.#made.delete(owner)
    return made.size
  }

  leavingUids(owner: string): ReadonlySet<string> {
    const leaving = this.#leaving.get(owner)
    if (!leaving) return new Set()
    for (const [uid, { name, namespace }] of leaving) {
      const shown = this.#pods.get(name, namespace)?.metadata
      if (shown?.uid !== uid || shown.deletionTimestamp !== undefined) leaving.delete(uid)
    }
    if (leaving.size === 0) this.#leaving.delete(owner)
    return new Set(leaving.keys())
  }

  /** The owner is gone. */
  forget(owner: string): void {
    this.#made.delete(owner)
    this.#leaving.delete(owner)
  }
}

function note(all: Map<string, Map<string, Pod["metadata"]>>, owner: string, metadata: Pod["metadata"]): void {
  const known = all.get(owner)
  if (known) known.set(metadata.uid, metadata)
  else all.set(owner, new Map([[metadata.uid, metadata]]))
}
