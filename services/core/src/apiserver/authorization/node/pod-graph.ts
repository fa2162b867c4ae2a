import type { VolumeAttachment } from "@wick/sdk/api/storage/volume-attachment"
import type { Clock } from "@wick/sdk/clock"
import type { Storage } from "#store"
import { createMirror, decodeJson } from "../../mirror.ts"
import { type PodReferences, podReferences } from "./pod-references.ts"
import { type VolumeReferences, volumeReferences } from "./volume-references.ts"

/** Which node leads to which object, by the pods that are bound to it. */
export interface PodGraph {
  readonly ready: Promise<void>
  /**
   * Whether a pod on `node` names the object: `secrets`, `configmaps`, `persistentvolumeclaims`, `serviceaccounts`; or,
   * of secrets, whether a volume does that the pod has claimed. And whether an object of `volumeattachments` attaches to
   * the node.
   */
  leads(node: string, plural: string, namespace: string, name: string): boolean
  close(): void
}

/**
 * Of every pod only its node and the names that it names are kept, of volumes their claims and their drivers' secrets.
 * Looked through from pod to pod: a node asks for an object once, when a pod starts, and then watches it.
 */
export function createPodGraph({ storage, clock }: { storage: Storage; clock: Clock }): PodGraph {
  const decode = (bytes: Uint8Array): PodReferences => podReferences(decodeJson(bytes))
  const pods = createMirror<PodReferences>({ storage, prefix: "/registry/core/pods/", decode, clock })
  const volumes = createMirror<VolumeReferences>({
    storage,
    prefix: "/registry/core/persistentvolumes/",
    decode: (bytes) => volumeReferences(decodeJson(bytes)),
    clock,
  })
  const attachments = createMirror<string>({
    storage,
    prefix: "/registry/storage.k8s.io/volumeattachments/",
    decode: (bytes) => decodeJson<VolumeAttachment>(bytes).spec.nodeName,
    clock,
  })
  const names = (node: string, namespace: string, wanted: string): boolean => {
    for (const [key, { nodeName, objects }] of pods.entries()) {
      if (nodeName === node && objects.has(wanted) && key.startsWith(`${namespace}/`)) return true
    }
    return false
  }
  return {
    ready: Promise.all([pods.ready, volumes.ready, attachments.ready]).then(() => undefined),
    leads: (node, plural, namespace, name) => {
      if (plural === "volumeattachments") return attachments.get(name) === node
      if (names(node, namespace, `${plural}/${name}`)) return true
      if (plural !== "secrets") return false
      for (const [, { claim, secrets }] of volumes.entries()) {
        if (!claim || !secrets.has(`${namespace}/${name}`)) continue
        if (names(node, claim.namespace, `persistentvolumeclaims/${claim.name}`)) return true
      }
      return false
    },
    close: () => {
      pods.close()
      volumes.close()
      attachments.close()
    },
  }
}
