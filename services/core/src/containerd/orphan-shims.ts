import { readdir, readFile, readlink } from "node:fs/promises"
import { join } from "node:path"
import type { Clock, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"

/** Between two looks. A shim that is found by both of them is not just about to end. */
const lookMs = 300_000

export interface OrphanShimsOptions {
  /** Of the containerd that the shims are told to speak to. */
  readonly socket: string
  readonly clock: Clock
  readonly log: Log
  readonly proc?: string
  readonly end?: (pid: number) => void
}

/**
 * Ends shims that containerd has forgotten. When a container goes, containerd tells its shim to end and then removes the bundle
 * in which it runs; of some thousand shims one is not told, and would stay, with its memory, until the machine is switched off.
 */
export class OrphanShims implements Disposable {
  readonly #options: OrphanShimsOptions
  readonly #end: (pid: number) => void
  #timer: Timer | undefined
  #found = new Set<number>()

  constructor(options: OrphanShimsOptions) {
    this.#options = options
    this.#end = options.end ?? ((pid) => process.kill(pid, "SIGKILL"))
    this.#lookLater()
  }

  /** Ends those that were there at the look before as well. */
  async look(): Promise<void> {
    const before = this.#found
    this.#found = new Set(await this.#orphans())
    for (const pid of this.#found) if (before.has(pid)) this.#endOne(pid)
  }

  /** Ends those that there are, without a second look: their containerd has ended. */
  async endAll(): Promise<void> {
    for (const pid of await this.#orphans()) this.#endOne(pid)
  }

  [Symbol.dispose](): void {
    this.#timer?.cancel()
    this.#timer = undefined
  }

  #lookLater(): void {
    this.#timer = this.#options.clock.timer(lookMs, async () => {
      await this.look()
      if (this.#timer) this.#lookLater()
    })
  }

  #endOne(pid: number): void {
    try {
      this.#end(pid)
      this.#options.log.debug("a shim that was left behind is ended", { pid })
    } catch {
      // It has ended by itself.
    }
  }

  async #orphans(): Promise<number[]> {
    const { proc = "/proc", socket } = this.#options
    const names = (await readdir(proc).catch(() => [])).filter((name) => /^\d+$/.test(name))
    const found = await Promise.all(names.map((name) => isOrphan(join(proc, name), socket)))
    return names.filter((_, at) => found[at]).map(Number)
  }
}

/** A shim of this containerd whose bundle is gone. */
async function isOrphan(process: string, socket: string): Promise<boolean> {
  const words = (await readFile(join(process, "cmdline"), "utf8").catch(() => "")).split("\0")
  if (!words[0]?.includes("containerd-shim") || words[words.indexOf("-address") + 1] !== socket) return false
  const bundle = await readlink(join(process, "cwd")).catch(() => "")
  return bundle.endsWith(" (deleted)")
}
