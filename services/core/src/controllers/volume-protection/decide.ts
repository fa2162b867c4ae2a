import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { Pod } from "@wick/sdk/api/core/pod"
import { isEnded } from "../pod-state.ts"

/** Names of the claims that a pod uses: those that it names, and those made for it alone. */
export function claimsOf({ metadata, spec }: Pod): string[] {
  return (spec.volumes ?? []).flatMap(({ name, persistentVolumeClaim, ephemeral }) => {
    if (persistentVolumeClaim) return [persistentVolumeClaim.claimName]
    return ephemeral ? [`${metadata.name}-${name}`] : []
  })
}

/** The same as keys, by which pods are found. */
export function claimKeys(pod: Pod): string[] {
  return claimsOf(pod).map((name) => `${pod.metadata.namespace}/${name}`)
}

/** A pod that no node has yet will not get a claim that goes, and one that has ended needs it no more. */
export function usesClaims(pod: Pod): boolean {
  return pod.spec.nodeName !== undefined && pod.spec.nodeName !== "" && !isEnded(pod)
}

/** Whether a claim that is being deleted may go. */
export function mayClaimGo({ metadata }: PersistentVolumeClaim, pods: readonly Pod[]): boolean {
  if (metadata.deletionTimestamp === undefined) return false
  return !pods.some((pod) => usesClaims(pod) && claimsOf(pod).includes(metadata.name))
}

/** Whether a volume that is being deleted may go: not while a claim has it. */
export function mayVolumeGo({ metadata, status }: PersistentVolume): boolean {
  return metadata.deletionTimestamp !== undefined && status?.phase !== "Bound"
}
