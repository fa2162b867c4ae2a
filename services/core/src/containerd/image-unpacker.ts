import { randomBytes } from "node:crypto"
import type { CriClient } from "./cri-client.ts"
import { type Layer, layersOf, type Manifest } from "./image-manifest.ts"
import { asCallError, type Link, RuntimeCallError } from "./link.ts"
import { codec } from "./wire/codec.ts"
import type { Descriptor, MountsResponse, SnapshotRequest } from "./wire/containerd-messages.ts"
import type { PrepareSnapshotRequest } from "./wire/task-messages.ts"
import type * as Unpack from "./wire/unpack-messages.ts"

interface Calls {
  "images.v1.Images/Get": [Unpack.GetImageRequest, Unpack.GetImageResponse]
  "content.v1.Content/Update": [Unpack.UpdateContentRequest, object]
  "leases.v1.Leases/Create": [Unpack.LeaseRequest, object]
  "leases.v1.Leases/Delete": [Unpack.LeaseRequest, object]
  "snapshots.v1.Snapshots/Stat": [SnapshotRequest, Unpack.StatSnapshotResponse]
  "snapshots.v1.Snapshots/Prepare": [PrepareSnapshotRequest, MountsResponse]
  "snapshots.v1.Snapshots/Commit": [Unpack.CommitSnapshotRequest, object]
  "snapshots.v1.Snapshots/Remove": [SnapshotRequest, object]
  "diff.v1.Diff/Apply": [Unpack.ApplyRequest, Unpack.ApplyResponse]
}

const nothing = "google.protobuf.Empty"
const messages: Readonly<Record<keyof Calls, readonly [request: string, response: string]>> = {
  "images.v1.Images/Get": ["GetImageRequest", "GetImageResponse"],
  "content.v1.Content/Update": ["UpdateRequest", "UpdateResponse"],
  "leases.v1.Leases/Create": ["CreateRequest", "CreateResponse"],
  "leases.v1.Leases/Delete": ["DeleteRequest", nothing],
  "snapshots.v1.Snapshots/Stat": ["StatSnapshotRequest", "StatSnapshotResponse"],
  "snapshots.v1.Snapshots/Prepare": ["PrepareSnapshotRequest", "PrepareSnapshotResponse"],
  "snapshots.v1.Snapshots/Commit": ["CommitSnapshotRequest", nothing],
  "snapshots.v1.Snapshots/Remove": ["RemoveSnapshotRequest", nothing],
  "diff.v1.Diff/Apply": ["ApplyRequest", "ApplyResponse"],
}
/** A layer of gigabytes is unpacked by one call. */
const deadlineMs = 600_000
/** When we die meanwhile, containerd's collector takes what was made after this while. */
const leaseMs = 3_600_000
const manifestBytesMax = 4 * 1024 * 1024
/** An index in an index; nobody nests them deeper. */
const depthMax = 3
const idBytes = 8

/** Lays the layers of images on each other as snapshots, where whoever brought the image has not. */
export class ImageUnpacker {
  readonly #link: Link
  readonly #cri: CriClient
  readonly #snapshotter: string
  readonly #now: () => number
  /** By image: who wants the same one waits for the same work. */
  readonly #running = new Map<string, Promise<void>>()

  constructor(link: Link, cri: CriClient, snapshotter: string, now: () => number) {
    this.#link = link
    this.#cri = cri
    this.#snapshotter = snapshotter
    this.#now = now
  }

  /** Does what stands on an image's layers; where they are missing, after they were laid. */
  async onLayers<T>(imageId: string, work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (!(error instanceof RuntimeCallError && error.notFound)) throw error
    }
    const running = this.#running.get(imageId) ?? this.#unpack(imageId).finally(() => this.#running.delete(imageId))
    this.#running.set(imageId, running)
    await running
    return work()
  }

  async #unpack(imageId: string): Promise<void> {
    const layers = await this.#layersOf(imageId)
    const lease = `wick-unpack-${randomBytes(idBytes).toString("hex")}`
    const expires = new Date(this.#now() + leaseMs).toISOString()
    await this.#call("leases.v1.Leases/Create", { id: lease, labels: { "containerd.io/gc.expire": expires } })
    try {
      let below = ""
      for (const layer of layers) {
        if (!(await this.#has(layer.chainId))) await this.#lay(layer, below, lease)
        below = layer.chainId
      }
      // As long as the image is there, its topmost snapshot is, and all below that.
      const label = `containerd.io/gc.ref.snapshot.${this.#snapshotter}`
      await this.#call("content.v1.Content/Update", {
        info: { digest: imageId, labels: { [label]: below } },
        updateMask: { paths: [`labels.${label}`] },
      })
    } finally {
      await this.#call("leases.v1.Leases/Delete", { id: lease })
    }
  }

  async #lay({ blob, diffId, chainId }: Layer, below: string, lease: string): Promise<void> {
    const snapshotter = this.#snapshotter
    const key = `${lease} ${chainId}`
    const { mounts = [] } = await this.#call(
      "snapshots.v1.Snapshots/Prepare",
      { snapshotter, key, parent: below },
      lease,
    )
    try {
      const { applied } = await this.#call("diff.v1.Diff/Apply", { diff: blob, mounts }, lease)
      if (applied?.digest !== diffId) throw new Error(`the layer ${blob.digest} is not what the image's config says`)
      await this.#call("snapshots.v1.Snapshots/Commit", { snapshotter, name: chainId, key }, lease)
    } catch (error) {
      await this.#call("snapshots.v1.Snapshots/Remove", { snapshotter, key }).catch(() => undefined)
      // Somebody else, a pull for example, was faster.
      if (!(error instanceof RuntimeCallError && error.alreadyExists)) throw error
    }
  }

  async #has(chainId: string): Promise<boolean> {
    return this.#call("snapshots.v1.Snapshots/Stat", { snapshotter: this.#snapshotter, key: chainId }).then(
      () => true,
      (error: unknown) => {
        if (error instanceof RuntimeCallError && error.notFound) return false
        throw error
      },
    )
  }

  async #layersOf(imageId: string): Promise<Layer[]> {
    const { image: known, info } = await this.#cri.call("ImageStatus", { image: { image: imageId }, verbose: true })
    const { imageSpec } = JSON.parse(info?.info ?? "{}") as { imageSpec?: { rootfs?: { diff_ids?: string[] } } }
    const diffIds = imageSpec?.rootfs?.diff_ids ?? []
    for (const name of [...(known?.repoTags ?? []), ...(known?.repoDigests ?? [])]) {
      const { image } = await this.#call("images.v1.Images/Get", { name })
      const manifest = await this.#manifestOf(image?.target, imageId, 0)
      if (manifest) return layersOf(manifest, diffIds)
    }
    throw new Error(`containerd does not say what the image ${imageId} is made of`)
  }

  /** An image's id is its config's digest. Of the manifests that an index leads to, some may be of other processors, and missing. */
  async #manifestOf(at: Descriptor | undefined, imageId: string, depth: number): Promise<Manifest | undefined> {
    const text = await this.#read(at?.digest ?? "")
    if (text === undefined) return undefined
    const manifest = JSON.parse(text) as Manifest
    if (manifest.config?.digest === imageId) return manifest
    if (depth === depthMax) return undefined
    for (const each of manifest.manifests ?? []) {
      const found = await this.#manifestOf(each, imageId, depth + 1)
      if (found) return found
    }
    return undefined
  }

  #read(digest: string): Promise<string | undefined> {
    const codecs = {
      request: codec<Unpack.ReadContentRequest>("containerd.services.content.v1.ReadContentRequest"),
      response: codec<Unpack.ReadContentResponse>("containerd.services.content.v1.ReadContentResponse"),
    }
    const method = "/containerd.services.content.v1.Content/Read"
    return new Promise((resolve, reject) => {
      const chunks: Uint8Array[] = []
      let bytes = 0
      const stream = this.#link.serverStream(method, codecs, { digest })
      stream.on("data", ({ data = new Uint8Array() }: Unpack.ReadContentResponse) => {
        chunks.push(data)
        bytes += data.length
        if (bytes > manifestBytesMax) stream.destroy(new Error(`${digest} is too large for an image's manifest`))
      })
      stream.on("error", (error) => {
        const refusal = "code" in error ? asCallError(method, error) : error
        if (refusal instanceof RuntimeCallError && refusal.notFound) resolve(undefined)
        else reject(refusal)
      })
      stream.on("end", () => resolve(Buffer.concat(chunks).toString()))
    })
  }

  #call<Name extends keyof Calls>(name: Name, request: Calls[Name][0], lease?: string): Promise<Calls[Name][1]> {
    const group = name.slice(0, name.lastIndexOf("."))
    const [input, output] = messages[name].map((message) =>
      message === nothing ? nothing : `containerd.services.${group}.${message}`,
    ) as [string, string]
    const codecs = { request: codec<Calls[Name][0]>(input), response: codec<Calls[Name][1]>(output) }
    return this.#link.unary(`/containerd.services.${name}`, codecs, request, { deadlineMs, lease })
  }
}
