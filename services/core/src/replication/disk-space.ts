import { statfs } from "node:fs/promises"
import { NoSpaceError } from "#store"

/** Space that must be left when a table is opened or written, beside what is written: pages of the tree that are copied. */
const reserve = 8 * 1024 * 1024

/**
 * Rejects with NoSpaceError unless the directory's disk takes so many bytes more, and the reserve. Asked before, because
 * LMDB tells a full disk from a broken one neither in its error nor in what it leaves; and the file of its locks, which
 * it maps, is the end of the process where no block is left for it.
 */
export async function expectSpace(directory: string, size = 0): Promise<void> {
  const { bavail, bsize } = await statfs(directory)
  const needed = reserve + size
  if (bavail * bsize >= needed) return
  throw new NoSpaceError(`no space for the state: ${directory} needs ${needed} bytes more. Free some on its disk`)
}
