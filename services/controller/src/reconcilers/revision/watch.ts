import type { Kind, KindOf } from "@wick/sdk/api/kind"
import type { Revision } from "@wick/sdk/api/serving/revision"
import { type ControllerWatch, type Informer, splitKey, subject } from "@wick/sdk/controller"
import { currentCondition } from "../../conditions.ts"

/** What happens to pods of a revision that is ready is its scaling most often, and is looked at together. */
export const gatherMs = 500

/**
 * Wakes a revision when something that belongs to it changes: at once while somebody waits for it, a while later once it is
 * ready. What has gone is missed at once.
 */
export function wakeOf<K extends Kind>(
  revisions: Informer<typeof Revision>,
  informer: Informer<K>,
  keysOf: (object: KindOf<K>) => string[],
): ControllerWatch {
  const isReady = (key: string): boolean => {
    const { name, namespace } = splitKey(key)
    const revision = revisions.get(name, namespace)
    return revision !== undefined && currentCondition(revision, "Ready")?.status === "True"
  }
  return {
    synced: informer.synced,
    subscribe: (wake, wakeAfter) =>
      informer.onChange((change) => {
        for (const key of keysOf(subject(change))) {
          if (change.after && isReady(key)) wakeAfter(key, gatherMs)
          else wake(key)
        }
      }),
  }
}
