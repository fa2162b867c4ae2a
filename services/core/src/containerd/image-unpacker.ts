import { randomBytes } from "node:crypto"
import type { CriClient } from "./cri-client.ts"
import { type Layer, layersOf, type Manifest } from "./image-manifest.ts"
import { asCallError, type Link, RuntimeCallError } from "./link.ts"
import type { ContainerdClients, OwnClient } from "./own-client.ts"
import { codec } from "./wire/codec.ts"
import type { Descriptor } from "./wire/containerd-messages.ts"
import type * as Unpack from "./wire/unpack-messages.ts"

/** A layer of gigabytes is unpacked by one call. */
const applyMs = 600_000
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
  readonly #own: OwnClient
  readonly #snapshotter: string
  readonly #now: () => number
  /** By image: who wants the same one waits for the same work. */
  readonly #running = new Map<string, Promise<void>>()

  constructor(link: Link, { cri, own }: ContainerdClients, snapshotter: string, now: () => number) {
    this.#link = link
    this.#cri = cri
    this.#own = own
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
    await this.#own.call("leases.Create", { id: lease, labels: { "containerd.io/gc.expire": expires } })
    try {
      let below = ""
      for (const layer of layers) {
        if (!(await this.#has(layer.chainId))) await this.#lay(layer, below, lease)
        below = layer.chainId
      }
      // As long as the image is there, its topmost snapshot is, and all below that.
      const label = `containerd.io/gc.ref.snapshot.${this.#snapshotter}`
      await this.#own.call("content.Update", {
        info: { digest: imageId, labels: { [label]: below } },
        updateMask: { paths: [`labels.${label}`] },
      })
    } finally {
      await this.#own.call("leases.Delete", { id: lease })
    }
  }

  async #lay({ blob, diffId, chainId }: Layer, below: string, lease: string): Promise<void> {
    const snapshotter = this.#snapshotter
    const key = `${lease} ${chainId}`
    const { mounts = [] } = await this.#own.call("snapshots.Prepare", { snapshotter, key, parent: below }, { lease })
    try {
      const { applied } = await this.#own.call("diff.Apply", { diff: blob, mounts }, { lease, deadlineMs: applyMs })
      if (applied?.digest !== diffId) throw new Error(`the layer ${blob.digest} is not what the image's config says`)
      await this.#own.call("snapshots.Commit", { snapshotter, name: chainId, key }, { lease })
    } catch (error) {
      await this.#own.call("snapshots.Remove", { snapshotter, key }).catch(() => undefined)
      // Somebody else, a pull for example, was faster.
      if (!(error instanceof RuntimeCallError && error.alreadyExists)) throw error
    }
  }

  async #has(chainId: string): Promise<boolean> {
    return this.#own.call("snapshots.Stat", { snapshotter: this.#snapshotter, key: chainId }).then(
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
      const { image } = await this.#own.call("images.Get", { name })
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
}
