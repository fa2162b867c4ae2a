import { must } from "@wick/sdk/assert"
import type { Random } from "@wick/sdk/clock"
import type { Disk, LogFile } from "./disk.ts"

const sectorSize = 512

/** A disk in memory that can be full, can fail, and loses power in the middle of a write. */
export class SimulatedDisk implements Disk {
  readonly files = new Map<string, Buffer>()
  /** No more space: nothing can be allocated. */
  isFull = false
  /** Writes fail, as with a broken medium. */
  isBroken = false
  /** Writes that have been made durable. */
  writes = 0
  /** The next write does not end before the power does: some of its sectors are written, or only a beginning. */
  #powerCut: { readonly random: Random; readonly inOrder: boolean } | undefined

  cutPowerInNextWrite(random: Random, { inOrder }: { readonly inOrder: boolean }): void {
    this.#powerCut = { random, inOrder }
  }

  path(name: string): string {
    return `/simulated/${name}`
  }

  async list(): Promise<readonly string[]> {
    return [...this.files.keys()]
  }

  async read(name: string): Promise<Buffer> {
    return Buffer.from(must(this.files.get(name), "a file that is read is there"))
  }

  async allocate(name: string, size: number): Promise<void> {
    this.files.set(name, Buffer.alloc(0))
    if (this.isFull) throw systemError("ENOSPC")
    this.files.set(name, Buffer.alloc(size))
  }

  async open(name: string): Promise<LogFile> {
    const file = must(this.files.get(name), "a file that is opened is there")
    return {
      write: async (bytes, offset) => {
        await undefined
        if (this.isBroken) throw systemError("EIO")
        if (this.#powerCut !== undefined) return this.#tear(file, bytes, offset)
        file.set(bytes, offset)
        this.writes++
      },
      close: async () => {},
    }
  }

  async rename(from: string, to: string): Promise<void> {
    this.files.set(to, must(this.files.get(from), "a file that is renamed is there"))
    this.files.delete(from)
  }

  async remove(name: string): Promise<void> {
    this.files.delete(name)
  }

  /** Never resolves: whoever waits for it is gone with the power. */
  #tear(file: Buffer, bytes: Uint8Array, offset: number): Promise<never> {
    const { random, inOrder } = must(this.#powerCut, "the power is cut")
    this.#powerCut = undefined
    const end = offset + bytes.length
    const sectors: [number, number][] = []
    for (let at = offset; at < end; ) {
      const next = Math.min((Math.floor(at / sectorSize) + 1) * sectorSize, end)
      sectors.push([at, next])
      at = next
    }
    const written = inOrder
      ? sectors.slice(0, random.below(sectors.length))
      : sectors.filter(() => random.below(2) === 0).slice(0, sectors.length - 1)
    for (const [from, to] of written) file.set(bytes.subarray(from - offset, to - offset), from)
    return new Promise(() => {})
  }
}

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code })
}
