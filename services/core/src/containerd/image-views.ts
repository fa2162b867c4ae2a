import { status } from "@grpc/grpc-js"
import type { CriClient } from "./cri-client.ts"
import type { ImageUnpacker } from "./image-unpacker.ts"
import { asCallError, type Link, RuntimeCallError } from "./link.ts"
import type { ContainerdClients } from "./own-client.ts"
import { codec } from "./wire/codec.ts"
import type { ListSnapshotsRequest, ListSnapshotsResponse, Mount } from "./wire/containerd-messages.ts"

/** One step of a mount, in the words of mount(8). */
export interface MountStep {
  readonly type: string
  readonly source: string
  readonly options: readonly string[]
}

export interface ImageView {
  readonly key: string
  readonly podUid: string
}

/**
 * Read-only views of images' files. A view keeps the layers that it is made of, whatever happens to the image, until it
 * is closed; it outlives containerd and this process.
 */
export interface ImageViews {
  /** What is to be mounted for the files of an image to be seen. A view that is open stays as it is. */
  open(view: ImageView, imageId: string, owner: string): Promise<MountStep[]>
  close(key: string): Promise<void>
  list(owner: string): Promise<ImageView[]>
}

const service = "/containerd.services.snapshots.v1.Snapshots"
const podLabel = "wick.dev/image-volume-of"
const ownerLabel = "wick.dev/image-volume-owner"

export function imageViews(
  link: Link,
  { cri, own }: ContainerdClients,
  unpacker: ImageUnpacker,
  snapshotter: string,
): ImageViews {
  return {
    open: async ({ key, podUid }, imageId, owner) => {
      const parent = await topLayer(cri, imageId)
      // Without the label of a root, containerd's collector takes what no container stands on.
      const labels = { [podLabel]: podUid, [ownerLabel]: owner, "containerd.io/gc.root": "kept" }
      const view = () => own.call("snapshots.View", { snapshotter, key, parent, labels })
      const opened = await unpacker.onLayers(imageId, view).catch((error) => {
        if (!hasCode(error, status.ALREADY_EXISTS)) throw error
        return own.call("snapshots.Mounts", { snapshotter, key })
      })
      return (opened.mounts ?? []).map(asStep)
    },
    close: async (key) => {
      await own.call("snapshots.Remove", { snapshotter, key }).catch((error) => {
        if (!hasCode(error, status.NOT_FOUND)) throw error
      })
    },
    list: (owner) => listViews(link, snapshotter, owner),
  }
}

/** The name of the snapshot in which all layers of an image lie on each other. */
async function topLayer(cri: CriClient, imageId: string): Promise<string> {
  const { image, info } = await cri.call("ImageStatus", { image: { image: imageId }, verbose: true })
  if (!image) throw new Error(`the image ${imageId} is not there`)
  const { chainID } = JSON.parse(info?.info ?? "{}") as { chainID?: string }
  if (!chainID) throw new Error(`containerd does not say which layers the image ${imageId} is made of`)
  return chainID
}

function listViews(link: Link, snapshotter: string, owner: string): Promise<ImageView[]> {
  const codecs = {
    request: codec<ListSnapshotsRequest>("containerd.services.snapshots.v1.ListSnapshotsRequest"),
    response: codec<ListSnapshotsResponse>("containerd.services.snapshots.v1.ListSnapshotsResponse"),
  }
  const filters = [`labels."${ownerLabel}"==${JSON.stringify(owner)}`]
  return new Promise((resolve, reject) => {
    const views: ImageView[] = []
    const stream = link.serverStream(`${service}/List`, codecs, { snapshotter, filters })
    stream.on("data", ({ info = [] }: ListSnapshotsResponse) => {
      for (const { name = "", labels = {} } of info) views.push({ key: name, podUid: labels[podLabel] ?? "" })
    })
    stream.on("error", (error) => reject(asCallError("List", error)))
    stream.on("end", () => resolve(views))
  })
}

function asStep({ type = "", source = "", options = [] }: Mount): MountStep {
  return { type, source, options }
}

function hasCode(error: unknown, code: number): boolean {
  return error instanceof RuntimeCallError && error.code === code
}
