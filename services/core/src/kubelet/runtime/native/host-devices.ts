import { readdir, stat } from "node:fs/promises"
import { join } from "node:path"
import type { OciDevice } from "./oci.ts"

/** Directories of terminals, memory and queues: a container has its own. */
const own = new Set(["pts", "shm", "fd", "mqueue", ".lxc", ".lxd-mounts", ".udev", "console"])
/** The kernel packs major and minor number into one. */
const major = (rdev: number): number => Number((BigInt(rdev) >> 8n) & 0xfffn)
const minor = (rdev: number): number => Number((BigInt(rdev) & 0xffn) | ((BigInt(rdev) >> 12n) & 0xfff00n))
const permissionBits = 0o777

/** A device of the machine under another path. */
export async function deviceNode(hostPath: string, path: string): Promise<OciDevice> {
  const stats = await stat(hostPath)
  if (!stats.isBlockDevice() && !stats.isCharacterDevice()) throw new Error(`${hostPath} is not a device`)
  return {
    path,
    type: stats.isBlockDevice() ? "b" : "c",
    major: major(stats.rdev),
    minor: minor(stats.rdev),
    fileMode: stats.mode & permissionBits,
    uid: stats.uid,
    gid: stats.gid,
  }
}

export async function hostDevices(directory = "/dev"): Promise<OciDevice[]> {
  const entries = await readdir(directory, { withFileTypes: true })
  const found = await Promise.all(
    entries.map(async (entry): Promise<OciDevice[]> => {
      const path = join(directory, entry.name)
      if (own.has(entry.name)) return []
      if (entry.isDirectory()) return hostDevices(path)
      if (!entry.isBlockDevice() && !entry.isCharacterDevice()) return []
      return deviceNode(path, path).then(
        (node) => [node],
        // It has been unplugged since.
        () => [],
      )
    }),
  )
  return found.flat()
}
