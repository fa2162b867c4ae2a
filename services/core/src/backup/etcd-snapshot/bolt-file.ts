import { createHash } from "node:crypto"
import { createReadStream } from "node:fs"
import { type FileHandle, open } from "node:fs/promises"
import { pipeline } from "node:stream/promises"
import { DamagedBackupError } from "../backup-error.ts"

const headSize = 16
const elementSize = 16
const flags = { branch: 0x01, leaf: 0x02, meta: 0x04 }
const magic = 0xed0cdaed
const formatVersion = 2
const digestSize = 32
/** Deeper no tree of a file is that fits on a disk. */
const levelsMax = 40
const bucketFlag = 1
const pageSizes = { min: 1024, max: 65_536 }

export interface BoltElement {
  readonly key: Buffer
  readonly value: Buffer
  readonly isBucket: boolean
}

/**
 * Reads the database file that etcd keeps its state in (bbolt's format, version 2), as `etcdctl snapshot save` writes it:
 * with a SHA-256 at its end. Whatever the bytes are, reading ends, with what is there or a DamagedBackupError.
 */
export class BoltFile implements AsyncDisposable {
  readonly #path: string
  readonly #file: FileHandle
  /** Without the checksum. */
  readonly #size: number
  #pageSize = 0
  #root = 0

  private constructor(path: string, file: FileHandle, size: number) {
    this.#path = path
    this.#file = file
    this.#size = size
  }

  /** Reads all of it once, to compare its checksum. */
  static async open(path: string): Promise<BoltFile> {
    const file = await open(path, "r")
    try {
      const { size } = await file.stat()
      const bolt = new BoltFile(path, file, size - digestSize)
      await bolt.#verify()
      await bolt.#readMeta()
      return bolt
    } catch (error) {
      await file.close()
      throw error
    }
  }

  /** Elements of a bucket in order of their keys; none when there is no such bucket. */
  async *bucket(name: string): AsyncGenerator<BoltElement> {
    for await (const { key, value, isBucket } of this.#tree(this.#root, 0, { pages: 0 })) {
      if (!isBucket || key.toString() !== name) continue
      if (value.length < headSize) throw this.#damaged(`bucket ${name} has no beginning`)
      const root = Number(value.readBigUInt64LE(0))
      // A small bucket lies in its parent.
      if (root === 0) yield* this.#leaf(value.subarray(headSize))
      else yield* this.#tree(root, 0, { pages: 0 })
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#file.close()
  }

  async #verify(): Promise<void> {
    if (this.#size <= 0 || this.#size % 512 !== 0) throw this.#damaged("it does not end with a checksum")
    const hash = createHash("sha256")
    await pipeline(createReadStream(this.#path, { end: this.#size - 1 }), hash)
    const expected = await this.#read(this.#size, digestSize)
    if (!hash.digest().equals(expected)) throw this.#damaged("its checksum is not that of what it holds")
  }

  /** The newer of the two pages that say where everything is; the other may be of a write that was cut short. */
  async #readMeta(): Promise<void> {
    let newest = -1n
    for (const at of [0, ...[4096, 16_384, 65_536, 8192, 32_768, 1024, 2048]]) {
      if (at + headSize + 64 > this.#size) continue
      const meta = (await this.#read(at, headSize + 64)).subarray(headSize)
      const pageSize = meta.readUInt32LE(8)
      const fits = meta.readUInt32LE(0) === magic && meta.readUInt32LE(4) === formatVersion
      const isPlace = at === 0 || at === pageSize
      if (!fits || !isPlace || pageSize < pageSizes.min || pageSize > pageSizes.max) continue
      if (meta.readBigUInt64LE(56) !== fnv64a(meta.subarray(0, 56))) continue
      const transaction = meta.readBigUInt64LE(48)
      if (transaction <= newest) continue
      newest = transaction
      this.#pageSize = pageSize
      this.#root = Number(meta.readBigUInt64LE(16))
    }
    if (newest < 0n) throw this.#damaged("it is no database of etcd")
  }

  async *#tree(id: number, level: number, walked: { pages: number }): AsyncGenerator<BoltElement> {
    walked.pages++
    if (level > levelsMax || walked.pages * this.#pageSize > this.#size) throw this.#damaged("its tree has no end")
    const page = await this.#page(id)
    const kind = page.readUInt16LE(8)
    if (kind === flags.leaf) {
      yield* this.#leaf(page)
      return
    }
    if (kind !== flags.branch) throw this.#damaged(`page ${id} is of kind ${kind}`)
    for (let at = 0; at < page.readUInt16LE(10); at++) {
      const element = headSize + at * elementSize
      if (element + elementSize > page.length) throw this.#damaged(`page ${id} ends early`)
      yield* this.#tree(Number(page.readBigUInt64LE(element + 8)), level + 1, walked)
    }
  }

  *#leaf(page: Buffer): Generator<BoltElement> {
    if (page.length < headSize) throw this.#damaged("a page ends early")
    for (let at = 0; at < page.readUInt16LE(10); at++) {
      const element = headSize + at * elementSize
      if (element + elementSize > page.length) throw this.#damaged("a page ends early")
      const start = element + page.readUInt32LE(element + 4)
      const middle = start + page.readUInt32LE(element + 8)
      const end = middle + page.readUInt32LE(element + 12)
      if (end > page.length) throw this.#damaged("an element goes beyond its page")
      const isBucket = (page.readUInt32LE(element) & bucketFlag) !== 0
      yield { key: page.subarray(start, middle), value: page.subarray(middle, end), isBucket }
    }
  }

  async #page(id: number): Promise<Buffer> {
    const start = id * this.#pageSize
    if (!Number.isSafeInteger(start) || start + headSize > this.#size) throw this.#damaged(`it has no page ${id}`)
    const pages = 1 + (await this.#read(start, headSize)).readUInt32LE(12)
    if (start + pages * this.#pageSize > this.#size) throw this.#damaged(`page ${id} goes beyond its end`)
    return this.#read(start, pages * this.#pageSize)
  }

  async #read(at: number, length: number): Promise<Buffer> {
    const bytes = Buffer.allocUnsafe(length)
    const { bytesRead } = await this.#file.read(bytes, 0, length, at)
    if (bytesRead !== length) throw this.#damaged("it ends early")
    return bytes
  }

  #damaged(why: string): DamagedBackupError {
    return new DamagedBackupError(`${this.#path} is damaged, or no snapshot of etcd: ${why}`)
  }
}

function fnv64a(bytes: Uint8Array): bigint {
  let hash = 0xcbf29ce484222325n
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n)
  return hash
}
