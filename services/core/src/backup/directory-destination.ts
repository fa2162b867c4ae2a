import { mkdir, open, readdir, readFile, rename, rm } from "node:fs/promises"
import { dirname, join, relative, sep } from "node:path"
import { NotInBackupError } from "./backup-error.ts"
import type { Destination } from "./destination.ts"

/** Of files that are being written. */
const unfinished = ".tmp"

/** A directory on this machine, which had better be the mount of another one's disk. */
export function openDirectory(root: string): Destination {
  const pathOf = (name: string): string => join(root, name)
  return {
    place: root,
    put: async (name, bytes) => {
      const path = pathOf(name)
      await mkdir(dirname(path), { recursive: true, mode: 0o700 })
      const file = await open(path + unfinished, "w", 0o600)
      try {
        await file.writeFile(bytes)
        await file.sync()
      } finally {
        await file.close()
      }
      await rename(path + unfinished, path)
      // The folders of the name may be new, too.
      for (let folder = dirname(path); ; folder = dirname(folder)) {
        await syncDirectory(folder)
        if (relative(root, folder) === "" || folder === dirname(folder)) return
      }
    },
    get: async (name) => {
      try {
        return await readFile(pathOf(name))
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error
        throw new NotInBackupError(`${pathOf(name)} is not there`)
      }
    },
    list: async () => {
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(
        (error: NodeJS.ErrnoException) => {
          if (error.code === "ENOENT") return []
          throw error
        },
      )
      return entries
        .filter((entry) => entry.isFile() && !entry.name.endsWith(unfinished))
        .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"))
    },
    remove: (name) => rm(pathOf(name), { force: true }),
  }
}

async function syncDirectory(path: string): Promise<void> {
  await using handle = await open(path, "r")
  await handle.sync()
}
