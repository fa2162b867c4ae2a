import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { StorageClass } from "@wick/sdk/api/storage/storage-class"
import { matchesTerm } from "./plugins/node-affinity.ts"
import { type Filter, fits } from "./plugins/plugin.ts"

/** What is known of storage when a pod is placed. */
export interface Storage {
  readonly claim: (namespace: string, name: string) => PersistentVolumeClaim | undefined
  readonly volume: (name: string) => PersistentVolume | undefined
  readonly storageClass: (name: string) => StorageClass | undefined
  /** Node of a pod that uses the claim already. */
  readonly nodeOfClaim: (namespace: string, name: string) => string | undefined
}

/** Names of the claims that a pod uses. */
export function claimsOf({ metadata, spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName]
    return ephemeral ? [`${metadata.name}-${name}`] : []
  })
}

/** Whether a claim of the pod's own is only about to be made: no news for anybody. */
export function awaitsOwnClaim({ metadata, spec }: Pod, storage: Storage): boolean {
  const { name: pod, namespace = "" } = metadata
  return (spec.volumes ?? []).some(({ name, ephemeral }) => ephemeral && !storage.claim(namespace, `${pod}-${name}`))
}

/**
 * The nodes from which a pod's volumes can be reached: a volume may be bound to some, and one that is made where its
 * first pod is placed ties the next ones to that node even before it is made. Undefined for a pod without claims.
 */
export function volumeFilter(pod: Pod, storage: Storage): Filter | undefined {
  const names = claimsOf(pod)
  if (names.length === 0) return undefined
  const { namespace = "" } = pod.metadata
  const filters = names.map((name) => claimFilter(namespace, name, storage))
  return (needs, node) => {
    for (const filter of filters) {
      const reasons = filter(needs, node)
      if (reasons.length > 0) return reasons
    }
    return fits
  }
}

function claimFilter(namespace: string, name: string, storage: Storage): Filter {
  const claim = storage.claim(namespace, name)
  if (!claim) return () => [`persistentvolumeclaim "${name}" not found`]
  if (claim.metadata.deletionTimestamp !== undefined) return () => [`persistentvolumeclaim "${name}" is being deleted`]
  const volume = claim.spec.volumeName ? storage.volume(claim.spec.volumeName) : undefined
  if (claim.spec.volumeName) {
    const terms = volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms
    if (!volume) return () => [`persistentvolume "${claim.spec.volumeName}" not found`]
    if (!terms) return () => fits
    return (_, { node }) =>
      terms.some((term) => matchesTerm(term, node)) ? fits : ["node(s) didn't match PersistentVolume's node affinity"]
  }
  const { storageClassName } = claim.spec
  const binding = storageClassName ? storage.storageClass(storageClassName)?.volumeBindingMode : undefined
  if (binding !== "WaitForFirstConsumer") return () => ["pod has unbound immediate PersistentVolumeClaims"]
  const first = storage.nodeOfClaim(namespace, name)
  if (first === undefined) return () => fits
  return (_, { name: node }) => (node === first ? fits : ["node(s) didn't find available persistent volumes to bind"])
}
