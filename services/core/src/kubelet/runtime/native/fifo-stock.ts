import { mkdir, rename, rm } from "node:fs/promises"
import { join } from "node:path"
import { hostCommand } from "#network"

/** Made by one run of mkfifo(1): a container takes two or three, an exec as many. */
const batch = 32

/** FIFOs that are ready: only a program can make them, and to start one for each container would take longer than to. */
export class FifoStock {
  readonly #directory: string
  #made = 0
  #ready: string[] = []
  #making: Promise<void> | undefined

  constructor(directory: string) {
    this.#directory = directory
  }

  /** Forgets those of an earlier process. */
  async open(): Promise<void> {
    await rm(this.#directory, { recursive: true, force: true })
    await mkdir(this.#directory, { recursive: true })
  }

  /** Moves FIFOs to where they are wanted. */
  async take(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      while (this.#ready.length === 0) await this.#make()
      const fifo = this.#ready.pop()
      if (fifo !== undefined) await rename(fifo, path)
    }
  }

  async #make(): Promise<void> {
    this.#making ??= this.#makeBatch().finally(() => {
      this.#making = undefined
    })
    await this.#making
  }

  async #makeBatch(): Promise<void> {
    const names = Array.from({ length: batch }, (_, index) => join(this.#directory, String(this.#made + index)))
    this.#made += batch
    await hostCommand("mkfifo", ["-m", "0600", ...names])
    this.#ready.push(...names)
  }
}
