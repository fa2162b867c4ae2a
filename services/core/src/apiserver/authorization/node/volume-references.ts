import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"

/** What a node has to read to mount a volume, and to grow what lies on it. */
export interface VolumeReferences {
  readonly claim: { readonly namespace: string; readonly name: string } | undefined
  /** As `namespace/name`. */
  readonly secrets: ReadonlySet<string>
}

/** Pure. Secrets for attaching and for growing a volume itself are its controller's: no node sees them. */
export function volumeReferences({ spec }: PersistentVolume): VolumeReferences {
  const { csi, claimRef } = spec ?? {}
  const references = [csi?.nodeStageSecretRef, csi?.nodePublishSecretRef, csi?.nodeExpandSecretRef]
  const { name = "", namespace = "" } = claimRef ?? {}
  return {
    claim: name ? { name, namespace } : undefined,
    secrets: new Set(references.flatMap((each) => (each?.name ? [`${each.namespace ?? ""}/${each.name}`] : []))),
  }
}
