import type { Log } from "@wick/sdk/log"
import type { BlobStore } from "./blob-store.ts"
import { type Manifest, type ManifestStore, partsOf, type TagMark } from "./manifest-store.ts"
import type { OtherRegistries } from "./other-registries.ts"

/**
 * What this registry lacks and another host's has. It is fetched once, however many ask, and kept: after an image was
 * pulled here, the host to which it was pushed may be lost. Its manifest is kept when all of its parts are, as one that was
 * pushed; until then it is served from elsewhere.
 */
export class PullThrough {
  readonly #others: OtherRegistries
  readonly #blobs: BlobStore
  readonly #manifests: ManifestStore
  readonly #log: Log
  /** By digest: what is being fetched. */
  readonly #fetching = new Map<string, Promise<boolean>>()
  readonly #keeping = new Map<string, Promise<void>>()

  constructor(parts: {
    readonly others: OtherRegistries
    readonly blobs: BlobStore
    readonly manifests: ManifestStore
    readonly log: Log
  }) {
    this.#others = parts.others
    this.#blobs = parts.blobs
    this.#manifests = parts.manifests
    this.#log = parts.log
  }

  /** By tag, as it was pushed last wherever that was; by digest, wherever it is. */
  async manifest(repository: string, reference: string): Promise<Manifest | undefined> {
    const own = await this.#manifests.get(repository, reference)
    if (reference.startsWith("sha256:")) return own ?? (await this.#fetched(repository, reference))
    const newest = await this.#newer(repository, reference, own === undefined)
    if (newest === undefined) return own
    if (newest.digest === undefined) return undefined
    const kept = await this.#manifests.get(repository, newest.digest)
    const found = kept ?? (await this.#fetched(repository, newest.digest))
    // Who told of it may be gone already.
    return found ? { ...found, pushedAtMs: newest.atMs } : own
  }

  /** When a tag that is pushed or removed now was: later than whatever is known of it, also where clocks differ. */
  async stamp(repository: string, tag: string, nowMs: number): Promise<number> {
    const [own, newest] = await Promise.all([
      this.#manifests.mark(repository, tag),
      this.#others.newest(repository, tag),
    ])
    return Math.max(nowMs, (own?.atMs ?? -1) + 1, (newest?.atMs ?? -1) + 1)
  }

  /** Has a tag as it was pushed last, wherever that was, with its whole image: then nobody else is needed for it. */
  async take(repository: string, tag: string): Promise<void> {
    const newest = await this.#newer(repository, tag)
    if (newest === undefined) return
    const { digest } = newest
    if (digest !== undefined && !(await this.#manifests.get(repository, digest))) {
      const manifest = await this.#read(repository, digest)
      if (manifest) await this.#keep(repository, manifest)
      // What is not whole is named by no tag; whoever asks for it is still served by those who have it.
      if (!(await this.#manifests.get(repository, digest))) return
    }
    await this.#manifests.setMark(repository, tag, newest)
  }

  /** What others know of a tag, where that is later than what is known here. */
  async #newer(repository: string, tag: string, mustBe = false): Promise<TagMark | undefined> {
    const newest = await this.#others.newest(repository, tag, mustBe)
    const own = await this.#manifests.mark(repository, tag)
    return newest !== undefined && newest.atMs > (own?.atMs ?? -1) ? newest : undefined
  }

  /** Whether the blob is here now. */
  async blob(repository: string, digest: string): Promise<boolean> {
    const fetching = this.#fetching.get(digest) ?? this.#fetch(repository, digest)
    this.#fetching.set(digest, fetching)
    return fetching.finally(() => this.#fetching.delete(digest))
  }

  async #fetched(repository: string, digest: string): Promise<Manifest | undefined> {
    const manifest = await this.#read(repository, digest)
    if (manifest) void this.#keep(repository, manifest)
    return manifest
  }

  async #read(repository: string, digest: string): Promise<Manifest | undefined> {
    const answer = await this.#others.first(`/v2/${repository}/manifests/${digest}`)
    if (!answer) return undefined
    const bytes = Buffer.from(await answer.arrayBuffer())
    return { digest, mediaType: answer.headers.get("content-type") ?? "", bytes }
  }

  async #fetch(repository: string, digest: string): Promise<boolean> {
    if ((await this.#blobs.size(digest)) !== undefined) return true
    const answer = await this.#others.first(`/v2/${repository}/blobs/${digest}`)
    if (!answer) return false
    const id = this.#blobs.start()
    try {
      await this.#blobs.append(id, answer.body)
      await this.#blobs.finish(id, digest)
      return true
    } catch (error) {
      await this.#blobs.cancel(id).catch(() => {})
      this.#log.warn("a part of an image could not be fetched from another host", { repository, digest, error })
      return false
    }
  }

  #keep(repository: string, manifest: Manifest): Promise<void> {
    const { digest } = manifest
    const keeping = this.#keeping.get(digest) ?? this.#keepWhole(repository, manifest)
    this.#keeping.set(digest, keeping)
    return keeping.finally(() => this.#keeping.delete(digest))
  }

  async #keepWhole(repository: string, { digest, mediaType, bytes }: Manifest): Promise<void> {
    if (await this.#manifests.get(repository, digest)) return
    try {
      const { blobs, manifests } = partsOf(bytes)
      for (const part of manifests) {
        const read = await this.#read(repository, part)
        if (read) await this.#keep(repository, read)
      }
      for (const part of blobs) await this.blob(repository, part)
      await this.#manifests.put(repository, digest, mediaType, bytes)
    } catch (error) {
      this.#log.warn("an image of another host could not be kept here", { repository, digest, error })
    }
  }
}
