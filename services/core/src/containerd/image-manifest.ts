import { createHash } from "node:crypto"
import type { Descriptor } from "./wire/containerd-messages.ts"

/** An index leads to manifests, for a processor each; a manifest to a config and to layers. */
export interface Manifest {
  readonly manifests?: readonly Descriptor[]
  readonly config?: Descriptor
  readonly layers?: readonly Descriptor[]
}

/** A layer as it is kept, and the digest of what is in it. */
export interface Layer {
  readonly blob: Descriptor
  readonly diffId: string
  /** The snapshot in which it lies on all below it. */
  readonly chainId: string
}

/** Pure: the layers of an image from the lowest up. A chain's id is made of that below it and the next layer's. */
export function layersOf({ layers = [] }: Manifest, diffIds: readonly string[]): Layer[] {
  if (layers.length !== diffIds.length) {
    throw new Error(`the image's manifest has ${layers.length} layers, its config ${diffIds.length}`)
  }
  let below = ""
  return layers.map((blob, index) => {
    const diffId = diffIds[index] ?? ""
    below = below === "" ? diffId : `sha256:${createHash("sha256").update(`${below} ${diffId}`).digest("hex")}`
    return { blob, diffId, chainId: below }
  })
}
