import type { Clock } from "@wick/sdk/clock"
import type { Storage } from "#store"
import { createMirror, decodeJson } from "../../mirror.ts"
import { type PodReferences, podReferences } from "./pod-references.ts"

/** Which node leads to which object, by the pods that are bound to it. */
export interface PodGraph {
  readonly ready: Promise<void>
  /** Whether a pod on `node` names the object: `secrets`, `configmaps`, `persistentvolumeclaims`, `serviceaccounts`. */
  leads(node: string, plural: string, namespace: string, name: string): boolean
  close(): void
}

/**
 * Of every pod only its node and the names that it names are kept. Looked through from pod to pod: a node asks for an
 * object once, when a pod starts, and then watches it.
 */
export function createPodGraph({ storage, clock }: { storage: Storage; clock: Clock }): PodGraph {
  const decode = (bytes: Uint8Array): PodReferences => podReferences(decodeJson(bytes))
  const mirror = createMirror<PodReferences>({ storage, prefix: "/registry/core/pods/", decode, clock })
  return {
    ready: mirror.ready,
    leads: (node, plural, namespace, name) => {
      const wanted = `${plural}/${name}`
      for (const [key, { nodeName, objects }] of mirror.entries()) {
        if (nodeName === node && objects.has(wanted) && key.startsWith(`${namespace}/`)) return true
      }
      return false
    },
    close: () => mirror.close(),
  }
}
