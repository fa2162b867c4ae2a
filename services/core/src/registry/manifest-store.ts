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

/**
 * Manifests by digest, and tags that name them:
 *
 *     repositories/<repository>/manifests/<hex>     media type and content
 *     repositories/<repository>/tags/<tag>          the digest; its file's time is when it was pushed
 */
export class ManifestStore {
  readonly #root: string
  readonly #blobs: BlobStore

  constructor(directory: string, blobs: BlobStore) {
    this.#root = join(directory, "repositories")
    this.#blobs = blobs
  }

  async get(repository: string, reference: string): Promise<Manifest | undefined> {
    const isTag = !reference.startsWith("sha256:")
    const digest = isTag ? await this.#tagged(repository, reference) : reference
    const text = digest && (await read(this.#manifestPath(repository, digest)))
    if (!digest || !text) return undefined
    const { mediaType, content } = JSON.parse(text) as Record
    const found = { digest, mediaType, bytes: Buffer.from(content, "base64") }
    if (!isTag) return found
    const { mtimeMs } = await stat(this.#tagPath(repository, reference))
    return { ...found, pushedAtMs: Math.round(mtimeMs) }
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
    if (!reference.startsWith("sha256:")) await write(this.#tagPath(repository, reference), digest, pushedAtMs)
    return digest
  }

  async remove(repository: string, reference: string): Promise<void> {
    const isDigest = reference.startsWith("sha256:")
    await rm(isDigest ? this.#manifestPath(repository, reference) : this.#tagPath(repository, reference), {
      force: true,
    })
    if (!isDigest) return
    for (const tag of await this.tags(repository)) {
      if ((await this.#tagged(repository, tag)) === reference) await rm(this.#tagPath(repository, tag), { force: true })
    }
  }

  async tags(repository: string): Promise<string[]> {
    return (await listing(join(this.#root, encode(repository), "tags"))).toSorted()
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

  async #tagged(repository: string, tag: string): Promise<string | undefined> {
    return (await read(this.#tagPath(repository, tag)))?.trim()
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
