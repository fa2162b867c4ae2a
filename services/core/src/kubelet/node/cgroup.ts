import { readdir, rmdir } from "node:fs/promises"
import { join } from "node:path"
import type { Clock } from "@wick/sdk/clock"

const cgroupRoot = "/sys/fs/cgroup"
/** The kernel empties a cgroup some milliseconds after the last process in it has ended. */
const retryMs = 20
/** For all of them together: what is busy for longer holds a process that is not ours to end. */
const patienceMs = 1_000

/**
 * Removes a cgroup that holds no process, with the empty ones in it, from every hierarchy (version 1 has one per
 * controller). Returns those that could not be removed.
 */
export async function removeCgroup(path: string, clock: Clock): Promise<string[]> {
  const hierarchies = ["", ...(await directoriesIn(cgroupRoot))]
  const deadlineMs = clock.monotonic() + patienceMs
  const left: string[] = []
  for (const hierarchy of hierarchies) {
    const directory = join(cgroupRoot, hierarchy, path)
    if (!(await removeTree(directory, clock, deadlineMs))) left.push(directory)
  }
  return left
}

async function removeTree(directory: string, clock: Clock, deadlineMs: number): Promise<boolean> {
  for (const name of await directoriesIn(directory)) await removeTree(join(directory, name), clock, deadlineMs)
  for (;;) {
    const code = await rmdir(directory).then(
      () => undefined,
      (error: NodeJS.ErrnoException) => error.code,
    )
    if (code === undefined || code === "ENOENT") return true
    if (code !== "EBUSY" || clock.monotonic() > deadlineMs) return false
    await clock.sleep(retryMs)
  }
}

async function directoriesIn(directory: string): Promise<string[]> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  return entries.flatMap((entry) => (entry.isDirectory() ? [entry.name] : []))
}
