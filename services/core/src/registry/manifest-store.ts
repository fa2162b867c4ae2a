import { createHash } from "node:crypto"
import { mkdir, readdir, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { BlobStore } from "./blob-store.ts"
import { digestInvalid, RegistryError } from "./registry-error.ts"

/** Bytes of one manifest, as the specification recommends to limit it. */
export const manifestBytesMax = 4 * 1024 * 1024

export interface Manifest {
  readonly digest: string
  readonly mediaType: string
  readonly bytes: Buffer
  /** Found by a tag: when that was pushed, in milliseconds. */
  readonly pushedAtMs?: number
}

interface Record {
  readonly mediaType: string
  readonly content: string
}

/** What was done to a tag last: a push, or its removal, which has no digest. */
export interface TagMark {
  readonly digest: string | undefined
  readonly atMs: number
}

/** In the place of a digest: other hosts that know the tag are to learn that it is none any more. */
const removedMark = "removed"

/**
 * Manifests by digest, and tags that name them:
 *
 *     repositories/<repository>/manifests/<hex>     media type and content
 *     repositories/<repository>/tags/<tag>          the digest, or that it was removed; its file's time is when
 */
export class ManifestStore {
  readonly #root: string
  readonly #blobs: BlobStore
  /** One tag is looked at and written after the other: what is here may change by a push and by news from elsewhere. */
  #marking: Promise<void> = Promise.resolve()

  constructor(directory: string, blobs: BlobStore) {
    this.#root = join(directory, "repositories")
    this.#blobs = blobs
  }

  async get(repository: string, reference: string): Promise<Manifest | undefined> {
    const mark = reference.startsWith("sha256:") ? undefined : await this.mark(repository, reference)
    const digest = mark ? mark.digest : reference
    const text = digest && (await read(this.#manifestPath(repository, digest)))
    if (!digest || !text) return undefined
    const { mediaType, content } = JSON.parse(text) as Record
    const found = { digest, mediaType, bytes: Buffer.from(content, "base64") }
    return mark ? { ...found, pushedAtMs: mark.atMs } : found
  }

  /** Undefined: the tag was never here. */
  async mark(repository: string, tag: string): Promise<TagMark | undefined> {
    const path = this.#tagPath(repository, tag)
    const text = (await read(path))?.trim()
    if (text === undefined) return undefined
    const { mtimeMs } = await stat(path)
    return { digest: text === removedMark ? undefined : text, atMs: Math.round(mtimeMs) }
  }

  /** What was done to a tag here or elsewhere, unless something was done to it later; of what it names everything is here. */
  setMark(repository: string, tag: string, { digest, atMs }: TagMark): Promise<void> {
    const marking = this.#marking.then(async () => {
      const before = await this.mark(repository, tag)
      if (before !== undefined && before.atMs >= atMs) return
      await write(this.#tagPath(repository, tag), digest ?? removedMark, atMs)
    })
    this.#marking = marking.catch(() => {})
    return marking
  }

  async put(
    repository: string,
    reference: string,
    mediaType: string,
    bytes: Buffer,
    pushedAtMs?: number,
  ): Promise<string> {
    const digest = `sha256:${createHash("sha256").update(bytes).digest("hex")}`
    if (reference.startsWith("sha256:") && reference !== digest) throw digestInvalid(reference, digest)
    await this.#checkParts(repository, bytes)
    await write(
      this.#manifestPath(repository, digest),
      JSON.stringify({ mediaType, content: bytes.toString("base64") }),
    )
    if (reference.startsWith("sha256:")) return digest
    if (pushedAtMs === undefined) await write(this.#tagPath(repository, reference), digest)
    else await this.setMark(repository, reference, { digest, atMs: pushedAtMs })
    return digest
  }

  /** A tag, or a manifest with all tags that name it; gives the tags. `stamp`: when, where other hosts are to learn of it. */
  async remove(
    repository: string,
    reference: string,
    stamp?: (tag: string) => Promise<number>,
  ): Promise<readonly string[]> {
    const isDigest = reference.startsWith("sha256:")
    const tags = isDigest ? await this.#tagsOf(repository, reference) : [reference]
    for (const tag of tags) {
      if (stamp) await this.setMark(repository, tag, { digest: undefined, atMs: await stamp(tag) })
      else await rm(this.#tagPath(repository, tag), { force: true })
    }
    if (isDigest) await rm(this.#manifestPath(repository, reference), { force: true })
    return tags
  }

  async tags(repository: string): Promise<string[]> {
    const all = (await listing(join(this.#root, encode(repository), "tags"))).toSorted()
    const marks = await Promise.all(all.map((tag) => this.mark(repository, tag)))
    return all.filter((_, at) => marks[at]?.digest !== undefined)
  }

  async repositories(): Promise<string[]> {
    return (await listing(this.#root)).map(decodeURIComponent).toSorted()
  }

  /** Every digest that some manifest names, and those of the manifests: what garbage collection must keep. */
  async referenced(): Promise<Set<string>> {
    const kept = new Set<string>()
    for (const repository of await this.repositories()) {
      for (const hex of await listing(join(this.#root, encode(repository), "manifests"))) {
        const manifest = await this.get(repository, `sha256:${hex}`)
        for (const digest of manifest ? partsOf(manifest.bytes).blobs : []) kept.add(digest)
      }
    }
    return kept
  }

  /** A manifest whose parts are missing would be pulled in vain. */
  async #checkParts(repository: string, bytes: Buffer): Promise<void> {
    const { blobs, manifests } = partsOf(bytes)
    for (const digest of blobs) {
      if ((await this.#blobs.size(digest)) === undefined) {
        throw new RegistryError("MANIFEST_BLOB_UNKNOWN", `the manifest names blob ${digest}, which is not here`, 404)
      }
    }
    for (const digest of manifests) {
      if (!(await this.get(repository, digest))) {
        throw new RegistryError("MANIFEST_UNKNOWN", `the index names manifest ${digest}, which is not here`, 404)
      }
    }
  }

  async #tagsOf(repository: string, digest: string): Promise<string[]> {
    const tags = await this.tags(repository)
    const marks = await Promise.all(tags.map((tag) => this.mark(repository, tag)))
    return tags.filter((_, at) => marks[at]?.digest === digest)
  }

  #manifestPath(repository: string, digest: string): string {
    return join(this.#root, encode(repository), "manifests", digest.slice("sha256:".length))
  }

  #tagPath(repository: string, tag: string): string {
    return join(this.#root, encode(repository), "tags", tag)
  }
}

interface Descriptor {
  digest: string
}

export function partsOf(bytes: Buffer): { blobs: string[]; manifests: string[] } {
  let manifest: { config?: Descriptor; layers?: Descriptor[]; manifests?: Descriptor[] }
  try {
    manifest = JSON.parse(bytes.toString("utf8")) as typeof manifest
  } catch {
    throw new RegistryError("MANIFEST_INVALID", "the manifest is not JSON", 400)
  }
  const digests = (list: (Descriptor | undefined)[] = []): string[] =>
    list.flatMap((part) => (part ? [part.digest] : []))
  return { blobs: digests([manifest.config, ...(manifest.layers ?? [])]), manifests: digests(manifest.manifests) }
}

/** A repository's name as one directory: its slashes are no path. */
function encode(repository: string): string {
  return encodeURIComponent(repository)
}

async function read(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8")
  } catch {
    return undefined
  }
}

async function listing(path: string): Promise<string[]> {
  try {
    return await readdir(path)
  } catch {
    return []
  }
}

/** Whole or not at all. */
async function write(path: string, text: string, atMs?: number): Promise<void> {
  await mkdir(join(path, ".."), { recursive: true, mode: 0o700 })
  const temporary = `${path}.${process.pid}.tmp`
  await writeFile(temporary, text, { mode: 0o600, flush: true })
  if (atMs !== undefined) await utimes(temporary, atMs / 1000, atMs / 1000)
  await rename(temporary, path)
}
