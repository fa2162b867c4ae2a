/**
 * Images without a container engine: build one from a directory or a few files, push it to a registry. By the OCI image
 * and distribution specifications 1.1. Anyone may import this.
 */
export { ociArchive } from "./archive.ts"
export { nonRoot, programEntries, systemEntries } from "./base.ts"
export { binaryImage } from "./binary-image.ts"
export { buildDockerfile, hasDockerfile } from "./dockerfile-image.ts"
export { entriesOf, fileEntry, textEntry } from "./files.ts"
export { type Blob, createImage, createLayer, digestOf, type Image, type ImageConfig, type Layer } from "./image.ts"
export { formatImageReference, type ImageReference, parseImageReference } from "./image-reference.ts"
export { nodeImage } from "./node-image.ts"
export { type PushResult, pushImage } from "./push.ts"
export { type TarEntry, tar } from "./tar.ts"
