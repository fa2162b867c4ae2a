import { createHash } from "node:crypto"
import { constants, zstdCompressSync } from "node:zlib"
import { type TarEntry, tar } from "./tar.ts"

/** Bytes that a registry keeps under their digest. */
export interface Blob {
  readonly mediaType: string
  /** `sha256:…` of `bytes`. */
  readonly digest: string
  readonly bytes: Uint8Array
}

export interface Layer extends Blob {
  /** `sha256:…` of the uncompressed archive. */
  readonly diffId: string
}

export interface ImageConfig {
  readonly entrypoint: readonly string[]
  readonly cmd?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly workingDir?: string
  /** `UID` or `UID:GID`. */
  readonly user?: string
  /** Where each container gets a directory of its own. */
  readonly volumes?: readonly string[]
}

/** An image as the OCI image specification 1.1 describes it: a manifest that names a config and layers. */
export interface Image {
  readonly manifest: Blob
  readonly blobs: readonly Blob[]
}

const manifestType = "application/vnd.oci.image.manifest.v1+json"
const configType = "application/vnd.oci.image.config.v1+json"
const layerType = "application/vnd.oci.image.layer.v1.tar+zstd"

export function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash("sha256").update(bytes).digest("hex")}`
}

/** A layer of these entries. Level 1: a layer is unpacked more often than it travels, and mostly on the same machine. */
export function createLayer(entries: readonly TarEntry[]): Layer {
  const archive = tar(entries)
  const bytes = zstdCompressSync(archive, { params: { [constants.ZSTD_c_compressionLevel]: 1 } })
  return { mediaType: layerType, digest: digestOf(bytes), bytes, diffId: digestOf(archive) }
}

export function createImage(layers: readonly Layer[], config: ImageConfig, architecture = goArchitecture()): Image {
  const configBlob = json(configType, {
    architecture,
    os: "linux",
    config: {
      Entrypoint: config.entrypoint,
      ...(config.cmd && { Cmd: config.cmd }),
      Env: Object.entries({ PATH: "/usr/local/bin:/usr/bin:/bin", ...config.env }).map(
        ([key, value]) => `${key}=${value}`,
      ),
      ...(config.workingDir && { WorkingDir: config.workingDir }),
      ...(config.user && { User: config.user }),
      ...(config.volumes && { Volumes: Object.fromEntries(config.volumes.map((path) => [path, {}])) }),
    },
    rootfs: { type: "layers", diff_ids: layers.map(({ diffId }) => diffId) },
    history: layers.map(() => ({ created_by: "wick build" })),
  })
  const manifest = json(manifestType, {
    schemaVersion: 2,
    mediaType: manifestType,
    config: descriptor(configBlob),
    layers: layers.map(descriptor),
  })
  return { manifest, blobs: [...layers, configBlob] }
}

function json(mediaType: string, value: unknown): Blob {
  const bytes = Buffer.from(JSON.stringify(value))
  return { mediaType, digest: digestOf(bytes), bytes }
}

function descriptor({ mediaType, digest, bytes }: Blob): { mediaType: string; digest: string; size: number } {
  return { mediaType, digest, size: bytes.length }
}

/** Architectures have Go's names in OCI. */
function goArchitecture(): string {
  return process.arch === "x64" ? "amd64" : process.arch
}
