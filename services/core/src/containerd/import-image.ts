import { status } from "@grpc/grpc-js"
import { asCallError, type Link, RuntimeCallError } from "./link.ts"
import type { ImageBlob, ImageParts } from "./pause-image.ts"
import { codec } from "./wire/codec.ts"
import type {
  CreateImageRequest,
  CreateImageResponse,
  WriteContentRequest,
  WriteContentResponse,
} from "./wire/containerd-messages.ts"

const commit = 2
const deadlineMs = 10_000

/** Puts an image straight into containerd's stores. What is there already is left as it is. */
export async function importImage(link: Link, image: ImageParts): Promise<void> {
  await Promise.all(image.blobs.map((blob) => writeBlob(link, blob)))
  await writeBlob(link, image.manifest)
  const codecs = {
    request: codec<CreateImageRequest>("containerd.services.images.v1.CreateImageRequest"),
    response: codec<CreateImageResponse>("containerd.services.images.v1.CreateImageResponse"),
  }
  const { digest, mediaType, bytes } = image.manifest
  const target = { digest, mediaType, size: bytes.length }
  const request = { image: { name: image.name, target, labels: { "io.cri-containerd.image": "managed" } } }
  await link
    .unary("/containerd.services.images.v1.Images/Create", codecs, request, { deadlineMs })
    .catch(ignoreExisting)
}

function writeBlob(link: Link, blob: ImageBlob): Promise<void> {
  const request = codec<WriteContentRequest>("containerd.services.content.v1.WriteContentRequest")
  const response = codec<WriteContentResponse>("containerd.services.content.v1.WriteContentResponse")
  const method = "/containerd.services.content.v1.Content/Write"
  return new Promise<void>((resolve, reject) => {
    const stream = link.client.makeBidiStreamRequest(
      method,
      (message: WriteContentRequest) => request.encode(message),
      (bytes) => response.decode(bytes),
      link.metadata,
    )
    stream.on("data", () => {})
    stream.on("error", (error) => reject(asCallError(method, error)))
    stream.on("end", resolve)
    const references = blob.refersTo.map((digest, index) => [`containerd.io/gc.ref.content.${index}`, digest])
    // The collector, which runs soon after containerd's start, would take blobs that no image leads to yet.
    const labels = Object.fromEntries([...references, ["containerd.io/gc.root", "kept"]])
    stream.write({
      action: commit,
      ref: `wick-${blob.digest}`,
      total: blob.bytes.length,
      expected: blob.digest,
      offset: 0,
      data: blob.bytes,
      labels,
    })
    stream.end()
  }).catch(ignoreExisting)
}

function ignoreExisting(error: unknown): void {
  if (error instanceof RuntimeCallError && error.code === status.ALREADY_EXISTS) return
  throw error
}
