import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { Pod } from "@wick/sdk/api/core/pod"
import { wholeUnits } from "@wick/sdk/api/meta/quantity"
import { localPath } from "@wick/sdk/api/storage/local-path"
import type { StorageClass } from "@wick/sdk/api/storage/storage-class"
import { matchesTerm } from "./plugins/node-affinity.ts"
import { type Filter, fits } from "./plugins/plugin.ts"

/** What is known of storage when a pod is placed. */
export interface Storage {
  readonly claim: (namespace: string, name: string) => PersistentVolumeClaim | undefined
  readonly volume: (name: string) => PersistentVolume | undefined
  readonly volumes: () => readonly PersistentVolume[]
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
  const user = storage.nodeOfClaim(namespace, name)
  if (user !== undefined && claim.spec.accessModes?.includes("ReadWriteOncePod")) return () => [takenByAnother]
  const volume = claim.spec.volumeName ? storage.volume(claim.spec.volumeName) : undefined
  if (claim.spec.volumeName) {
    const terms = volume?.spec?.nodeAffinity?.required?.nodeSelectorTerms
    if (!volume) return () => [`persistentvolume "${claim.spec.volumeName}" not found`]
    if (!terms) return () => fits
    return (_, { node }) =>
      terms.some((term) => matchesTerm(term, node)) ? fits : ["node(s) didn't match PersistentVolume's node affinity"]
  }
  const { storageClassName } = claim.spec
  const storageClass = storageClassName ? storage.storageClass(storageClassName) : undefined
  if (storageClass?.volumeBindingMode !== "WaitForFirstConsumer") {
    return () => ["pod has unbound immediate PersistentVolumeClaims"]
  }
  if (user !== undefined) {
    return (_, { name: node }) => (node === user ? fits : ["node(s) didn't find available persistent volumes to bind"])
  }
  return storageClass.provisioner === localPath.provisioner ? roomFilter(claim, storage) : () => fits
}

/**
 * A directory is as large as its node's disk lets it be: nothing holds it to what was asked for. So no node promises more
 * than its disk is large, all claims together.
 */
function roomFilter(claim: PersistentVolumeClaim, storage: Storage): Filter {
  const wanted = wholeUnits(claim.spec.resources?.requests?.storage ?? "0")
  const promised = new Map<string, number>()
  for (const { spec } of storage.volumes()) {
    if (spec?.csi?.driver !== localPath.driver) continue
    const node = spec.nodeAffinity?.required?.nodeSelectorTerms[0]?.matchExpressions?.[0]?.values?.[0] ?? ""
    promised.set(node, (promised.get(node) ?? 0) + wholeUnits(spec.capacity?.storage ?? "0"))
  }
  // A node that does not say how large its disk is, is taken to be large enough.
  return (_, { name, allocatable: { ephemeralStorage: size } }) =>
    size === 0 || (promised.get(name) ?? 0) + wanted <= size ? fits : ["node(s) did not have enough free storage"]
}

const takenByAnother = "node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"
