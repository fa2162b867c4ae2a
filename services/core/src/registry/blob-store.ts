import { createHash, randomUUID } from "node:crypto"
import { createReadStream, createWriteStream, type ReadStream } from "node:fs"
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises"
import { join } from "node:path"
import { Readable, Transform } from "node:stream"
import { pipeline } from "node:stream/promises"
import { digestInvalid, RegistryError } from "./registry-error.ts"

const digestForm = /^sha256:([0-9a-f]{64})$/
/** One blob: larger than any layer one would push to a machine by hand. */
const blobBytesMax = 16 * 1024 ** 3
const uploadsMax = 256

interface Upload {
  readonly path: string
  size: number
}

/** Blobs as files named by their digest, and uploads on their way to become one. */
export class BlobStore {
  readonly #blobs: string
  readonly #uploadDirectory: string
  readonly #uploads = new Map<string, Upload>()

  constructor(directory: string) {
    this.#blobs = join(directory, "blobs", "sha256")
    this.#uploadDirectory = join(directory, "uploads")
  }

  /** Uploads of an earlier process cannot be gone on with. */
  async open(): Promise<void> {
    await mkdir(this.#blobs, { recursive: true, mode: 0o700 })
    await rm(this.#uploadDirectory, { recursive: true, force: true })
    await mkdir(this.#uploadDirectory, { recursive: true, mode: 0o700 })
  }

  /** Size of a blob in bytes; undefined when it is not there. */
  async size(digest: string): Promise<number | undefined> {
    try {
      return (await stat(this.#path(digest))).size
    } catch {
      return undefined
    }
  }

  read(digest: string, start = 0, end?: number): ReadStream {
    return createReadStream(this.#path(digest), { start, ...(end !== undefined && { end }) })
  }

  async digests(): Promise<string[]> {
    return (await readdir(this.#blobs)).map((name) => `sha256:${name}`)
  }

  async remove(digest: string): Promise<void> {
    await rm(this.#path(digest), { force: true })
  }

  start(): string {
    if (this.#uploads.size >= uploadsMax) {
      throw new RegistryError("TOOMANYREQUESTS", `at most ${uploadsMax} uploads at once`, 429)
    }
    const id = randomUUID()
    this.#uploads.set(id, { path: join(this.#uploadDirectory, id), size: 0 })
    return id
  }

  received(id: string): number {
    return this.#upload(id).size
  }

  /** Adds a chunk to an upload; its new size. */
  async append(id: string, body: ReadableStream<Uint8Array> | null): Promise<number> {
    const upload = this.#upload(id)
    if (!body) return upload.size
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        upload.size += chunk.length
        done(upload.size > blobBytesMax ? tooLarge() : null, chunk)
      },
    })
    const from = Readable.fromWeb(body as Parameters<typeof Readable.fromWeb>[0])
    await pipeline(from, counted, createWriteStream(upload.path, { flags: "a", mode: 0o600 }))
    return upload.size
  }

  /** Makes an upload a blob, if its content has the digest; it is on the disk before it is served. */
  async finish(id: string, digest: string): Promise<void> {
    const upload = this.#upload(id)
    const target = this.#path(digest)
    this.#uploads.delete(id)
    if (upload.size === 0) await (await open(upload.path, "a", 0o600)).close()
    const found = await digestOfFile(upload.path)
    if (found !== digest) {
      await rm(upload.path, { force: true })
      throw digestInvalid(digest, found)
    }
    const file = await open(upload.path, "r")
    await file.datasync()
    await file.close()
    await rename(upload.path, target)
  }

  async cancel(id: string): Promise<void> {
    const { path } = this.#upload(id)
    this.#uploads.delete(id)
    await rm(path, { force: true })
  }

  #upload(id: string): Upload {
    const upload = this.#uploads.get(id)
    if (!upload) throw new RegistryError("BLOB_UPLOAD_UNKNOWN", `upload ${id} is not known`, 404)
    return upload
  }

  #path(digest: string): string {
    const hex = digestForm.exec(digest)?.[1]
    if (!hex) throw new RegistryError("DIGEST_INVALID", `${digest} is no sha256 digest`, 400)
    return join(this.#blobs, hex)
  }
}

function tooLarge(): RegistryError {
  return new RegistryError("SIZE_INVALID", `a blob may have at most ${blobBytesMax} bytes`, 413)
}

async function digestOfFile(path: string): Promise<string> {
  const hash = createHash("sha256")
  await pipeline(createReadStream(path), hash)
  return `sha256:${hash.digest("hex")}`
}
