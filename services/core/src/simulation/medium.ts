import { must } from "@wick/sdk/assert"
import type { Random } from "@wick/sdk/clock"
import type { Disk, LogFile } from "../replication/disk.ts"
import { writtenExtent } from "../replication/log-record.ts"
import type { Host } from "./host.ts"

const sectorSize = 512

/** What a disk does now, for better or worse. */
export interface DiskCondition {
  /** Time that a write takes, at most. */
  readonly latencyMaxMs: number
  readonly isFull: boolean
  readonly isBroken: boolean
}

export const healthyDisk: DiskCondition = { latencyMaxMs: 2, isFull: false, isBroken: false }

/** A write that was begun, and how much of it a crash can leave. */
type Unfinished = (random: Random) => void

/** The files of a member's log: what outlives a crash. */
export class Medium {
  condition = healthyDisk
  /** The next write goes elsewhere in the log, and is reported as done. */
  misdirectsNext = false
  /** Bytes are on it that were not written there. */
  isDamaged = false
  readonly #files = new Map<string, Buffer>()
  readonly #unfinished = new Set<Unfinished>()
  readonly #random: Random

  constructor(random: Random) {
    this.#random = random
  }

  /** As the member that now runs on `host` sees it. */
  disk(host: Host): Disk {
    const files = this.#files
    return {
      path: (name) => `/host-${host.id}/log/${name}`,
      list: async () => [...files.keys()],
      read: async (name) => Buffer.from(must(files.get(name), "a file that is read is there")),
      allocate: async (name, size) => {
        files.set(name, Buffer.alloc(0))
        await this.#take(host, () => {})
        if (this.condition.isFull) throw systemError("ENOSPC")
        files.set(name, Buffer.alloc(size))
      },
      open: async (name): Promise<LogFile> => {
        const file = must(files.get(name), "a file that is opened is there")
        return { write: (bytes, offset) => this.#write(host, file, bytes, offset), close: async () => {} }
      },
      rename: (from, to) => this.#change(host, () => this.#rename(from, to)),
      remove: (name) => this.#change(host, () => void files.delete(name)),
    }
  }

  /** The power fails: of what was being written, some is there. */
  crash(): void {
    for (const unfinished of this.#unfinished) unfinished(this.#random)
    this.#unfinished.clear()
  }

  /** A bit of what was written turns. False when nothing is written. */
  rot(): boolean {
    const written = [...this.#files.values()].map((file) => ({ file, extent: writtenExtent(file) }))
    const chosen = written.filter(({ extent }) => extent > 0)
    const target = chosen[this.#random.below(chosen.length)]
    if (target === undefined) return false
    const at = this.#random.below(target.extent)
    target.file[at] = (target.file[at] ?? 0) ^ (1 << this.#random.below(8))
    this.isDamaged = true
    return true
  }

  async #write(host: Host, file: Buffer, bytes: Uint8Array, offset: number): Promise<void> {
    await this.#take(host, (random) => tear(file, bytes, offset, random))
    if (this.condition.isBroken) {
      tear(file, bytes, offset, this.#random)
      throw systemError("EIO")
    }
    file.set(bytes, this.#placeOf(file, bytes, offset))
  }

  #placeOf(file: Buffer, bytes: Uint8Array, offset: number): number {
    if (!this.misdirectsNext || file.length < bytes.length + 2 * sectorSize) return offset
    this.misdirectsNext = false
    this.isDamaged = true
    const sectors = Math.floor((file.length - bytes.length) / sectorSize)
    const place = this.#random.below(sectors) * sectorSize + (offset % sectorSize)
    return place === offset || place + bytes.length > file.length
      ? (offset + sectorSize) % (file.length - bytes.length)
      : place
  }

  /** Names change at once or not at all. */
  async #change(host: Host, change: () => void): Promise<void> {
    await this.#take(host, (random) => random.below(2) === 0 && change())
    change()
  }

  #rename(from: string, to: string): void {
    this.#files.set(to, must(this.#files.get(from), "a file that is renamed is there"))
    this.#files.delete(from)
  }

  async #take(host: Host, unfinished: Unfinished): Promise<void> {
    this.#unfinished.add(unfinished)
    await host.pause(0.05 + (this.condition.latencyMaxMs * this.#random.below(1000)) / 1000)
    this.#unfinished.delete(unfinished)
  }
}

/** Any of its sectors may be written, but not all of them. */
function tear(file: Buffer, bytes: Uint8Array, offset: number, random: Random): void {
  const end = offset + bytes.length
  const sectors: [number, number][] = []
  for (let at = offset; at < end; ) {
    const next = Math.min((Math.floor(at / sectorSize) + 1) * sectorSize, end)
    sectors.push([at, next])
    at = next
  }
  const inOrder = random.below(2) === 0
  const written = inOrder
    ? sectors.slice(0, random.below(sectors.length + 1))
    : sectors.filter(() => random.below(2) === 0)
  for (const [from, to] of written) file.set(bytes.subarray(from - offset, to - offset), from)
}

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: simulated`), { code })
}
