import { execFileSync } from "node:child_process"
import { rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

/** Room for what a store of a test needs several times. */
const sizeMiB = 256
const pieceSize = 1024 * 1024

/** A small file system of its own at a directory, which can be filled to its last block. */
export class SmallDisk implements Disposable {
  readonly #directory: string
  readonly #filler: string

  constructor(directory: string) {
    this.#directory = directory
    this.#filler = join(directory, "filler")
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${sizeMiB}m,mode=0700`, "wick-store", directory])
  }

  fill(): void {
    for (const size of [pieceSize, 4096]) {
      try {
        for (;;) writeFileSync(this.#filler, Buffer.alloc(size), { flag: "a" })
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOSPC") throw error
      }
    }
  }

  free(): void {
    rmSync(this.#filler, { force: true })
  }

  /** Also while a process that a failed test has left holds files of it: the disk goes with the last of them. */
  [Symbol.dispose](): void {
    execFileSync("umount", ["--lazy", this.#directory])
  }
}
