import { type FileHandle, mkdir, open, rm } from "node:fs/promises"
import { join } from "node:path"
import { MalformedError } from "#store"
import { checksumOf, readChunk } from "./snapshot-frames.ts"

/** What has arrived of a state, in a file: it may be larger than memory. Checked as it comes and as it is read back. */
export class SnapshotSpool {
  readonly #path: string
  readonly #file: FileHandle
  readonly #pieces: { readonly size: number; readonly crc: number }[] = []
  #size = 0
  #removed: Promise<void> | undefined

  private constructor(path: string, file: FileHandle) {
    this.#path = path
    this.#file = file
  }

  /** Removes what a process that was killed has left. */
  static async clear(directory: string): Promise<void> {
    await rm(pathIn(directory), { force: true })
  }

  static async open(directory: string): Promise<SnapshotSpool> {
    await mkdir(directory, { recursive: true, mode: 0o700 })
    const path = pathIn(directory)
    return new SnapshotSpool(path, await open(path, "w+", 0o600))
  }

  /** All before it is here. */
  get size(): number {
    return this.#size
  }

  async append(chunk: Buffer): Promise<void> {
    const { offset, bytes, crc } = readChunk(chunk)
    if (offset !== this.#size)
      throw new MalformedError(`piece at ${offset} of a snapshot that is here up to ${this.#size}`)
    await this.#file.writev([bytes], offset)
    this.#pieces.push({ size: bytes.length, crc })
    this.#size += bytes.length
  }

  async *read(): AsyncGenerator<Uint8Array> {
    let offset = 0
    for (const { size, crc } of this.#pieces) {
      const bytes = Buffer.allocUnsafe(size)
      const { bytesRead } = await this.#file.read(bytes, 0, size, offset)
      if (bytesRead !== size || checksumOf(offset, bytes) !== crc) {
        throw new Error(`${this.#path}: a snapshot that had arrived whole is damaged at ${offset}`)
      }
      yield bytes
      offset += size
    }
  }

  remove(): Promise<void> {
    this.#removed ??= this.#remove()
    return this.#removed
  }

  async #remove(): Promise<void> {
    await this.#file.close()
    await rm(this.#path, { force: true })
  }
}

function pathIn(directory: string): string {
  return join(directory, "arriving-snapshot")
}
