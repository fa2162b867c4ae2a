import { createHash } from "node:crypto"
import { assert } from "@wick/sdk/assert"
import { pauseProgram } from "./pause-program.ts"

/** What must be stored for an image to exist: blobs by digest, and the name that leads to the manifest. */
export interface ImageParts {
  readonly name: string
  readonly blobs: readonly ImageBlob[]
  readonly manifest: ImageBlob
}

export interface ImageBlob {
  readonly digest: string
  readonly mediaType: string
  readonly bytes: Buffer
  /** Digests that this blob keeps from containerd's garbage collector. */
  readonly refersTo: readonly string[]
}

/** Not a registry that exists: the image is always there, nobody pulls it. */
export const pauseImageName = "wick.internal/pause:1"

const blockBytes = 512

/** Pure: the image of the program that holds a sandbox open. */
export function pauseImage(architecture: string): ImageParts {
  const program = pauseProgram(architecture)
  assert(program, `there is a pause program for this architecture (${architecture})`)
  const layer = blob("application/vnd.oci.image.layer.v1.tar", tarOf("pause", program))
  const config = json("application/vnd.oci.image.config.v1+json", {
    architecture: architecture === "x64" ? "amd64" : architecture,
    os: "linux",
    config: { Entrypoint: ["/pause"] },
    rootfs: { type: "layers", diff_ids: [layer.digest] },
    history: [{ created: "1970-01-01T00:00:00Z", created_by: "wick" }],
  })
  const manifest = json(
    "application/vnd.oci.image.manifest.v1+json",
    {
      schemaVersion: 2,
      mediaType: "application/vnd.oci.image.manifest.v1+json",
      config: descriptorOf(config),
      layers: [descriptorOf(layer)],
    },
    [config.digest, layer.digest],
  )
  return { name: pauseImageName, blobs: [layer, config], manifest }
}

function blob(mediaType: string, bytes: Buffer, refersTo: readonly string[] = []): ImageBlob {
  return { mediaType, bytes, refersTo, digest: `sha256:${createHash("sha256").update(bytes).digest("hex")}` }
}

function json(mediaType: string, value: unknown, refersTo?: readonly string[]): ImageBlob {
  return blob(mediaType, Buffer.from(JSON.stringify(value)), refersTo)
}

function descriptorOf({ mediaType, digest, bytes }: ImageBlob) {
  return { mediaType, digest, size: bytes.length }
}

/** A tar archive of one executable file. */
function tarOf(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(blockBytes)
  header.write(name, 0)
  header.write("0000755\0", 100)
  header.write("0000000\0", 108)
  header.write("0000000\0", 116)
  header.write(`${content.length.toString(8).padStart(11, "0")}\0`, 124)
  header.write("00000000000\0", 136)
  header.write("        ", 148)
  header.write("0", 156)
  header.write("ustar\x0000", 257)
  const sum = header.reduce((total, byte) => total + byte, 0)
  header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148)
  const padding = Buffer.alloc((blockBytes - (content.length % blockBytes)) % blockBytes)
  return Buffer.concat([header, content, padding, Buffer.alloc(2 * blockBytes)])
}
