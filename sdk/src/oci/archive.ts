import { textEntry } from "./files.ts"
import type { Image } from "./image.ts"
import { type TarEntry, tar } from "./tar.ts"

/** The image as one file, in the layout of the OCI image specification 1.1, which other tools load and push. */
export function ociArchive({ manifest, blobs }: Image, name: string): Uint8Array {
  const entries = [manifest, ...blobs].map(
    ({ digest, bytes }): TarEntry => ({ kind: "file", path: `blobs/${digest.replace(":", "/")}`, content: bytes }),
  )
  const { mediaType, digest, bytes } = manifest
  const annotations = { "org.opencontainers.image.ref.name": name }
  const index = { schemaVersion: 2, manifests: [{ mediaType, digest, size: bytes.length, annotations }] }
  return tar([
    ...entries,
    textEntry("index.json", JSON.stringify(index)),
    textEntry("oci-layout", JSON.stringify({ imageLayoutVersion: "1.0.0" })),
  ])
}
