import { systemEntries } from "./base.ts"
import { createImage, createLayer, type Image, type ImageConfig } from "./image.ts"
import type { TarEntry } from "./tar.ts"

/** An image of a few files, for static binaries and scripts: one layer, no base image to pull. */
export function binaryImage(files: readonly TarEntry[], config: ImageConfig): Image {
  return createImage([createLayer([...systemEntries(), ...files])], config)
}
