import { existsSync } from "node:fs"
import { mkdir, readdir, rmdir, writeFile } from "node:fs/promises"
import { join } from "node:path"
import type { Clock } from "@wick/sdk/clock"

const cgroupRoot = "/sys/fs/cgroup"
/** The kernel empties a cgroup some milliseconds after the last process in it has ended. */
const retryMs = 20
/** For all of them together: what is busy for longer holds a process that is not ours to end. */
const patienceMs = 1_000

/** What a process of the machine weighs that is in no cgroup of its own, in version 1 and in version 2. */
const usualShares = 1_024
const usualWeight = 100
/** The most that the kernel takes. */
const sharesMax = 262_144
const weightMax = 10_000

/**
 * Lets a cgroup weigh as much as so many processors. It weighs as one process unless told, however many are in it: all
 * pods of a machine together would have to stand back behind each process of the platform and each program that starts
 * a container, most of all when many pods start. Throws when the machine's cgroups may not be changed.
 */
export async function weighCgroup(path: string, processors: number, root = cgroupRoot): Promise<void> {
  const first = join(root, "cpu")
  if (existsSync(join(first, "cpu.shares"))) {
    await mkdir(join(first, path), { recursive: true })
    await writeFile(join(first, path, "cpu.shares"), String(Math.min(sharesMax, processors * usualShares)))
    return
  }
  // The controller has to be let into what is below the root, as whoever makes containers does too.
  await writeFile(join(root, "cgroup.subtree_control"), "+cpu")
  await mkdir(join(root, path), { recursive: true })
  await writeFile(join(root, path, "cpu.weight"), String(Math.min(weightMax, processors * usualWeight)))
}

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
