import { chmod, chown, mkdir, readdir, readFile, readlink, rename, rm, symlink, writeFile } from "node:fs/promises"
import { dirname, join, normalize } from "node:path"
import { type Payload, VolumeProblem } from "./payload.ts"

/**
 * A directory whose files all change at once. The files are in a directory of their own, `..data` is a link to it, and
 * each name that users see is a link through `..data`:
 *
 *     config.json → ..data/config.json      ..data → ..7      ..7/config.json
 *
 * A change writes `..8`, moves a new link over `..data` in one step, and removes `..7`. Who has a file open keeps it.
 */
const dataLink = "..data"
const nextLink = "..data.next"
const directoryMode = 0o755

export interface Ownership {
  readonly gid: number | undefined
}

/** Makes the directory hold exactly these files. Returns whether anything changed. */
export async function writeAtomically(directory: string, payload: Payload, owner: Ownership): Promise<boolean> {
  for (const path of payload.keys()) refuseEscape(path)
  const current = await readlink(join(directory, dataLink)).catch(() => undefined)
  if (current !== undefined && (await holds(join(directory, current), payload))) return false
  const generation = `..${current === undefined ? 1 : Number(current.slice(2)) + 1}`
  const target = join(directory, generation)
  await rm(target, { recursive: true, force: true })
  await mkdir(target, { recursive: true, mode: directoryMode })
  for (const [path, { data, mode }] of payload) {
    const file = join(target, path)
    await mkdir(dirname(file), { recursive: true, mode: directoryMode })
    await writeFile(file, data)
    // The umask has a say in writeFile's mode, not in chmod's.
    await chmod(file, owner.gid === undefined ? mode : mode | 0o440)
    if (owner.gid !== undefined) await chown(file, 0, owner.gid)
  }
  await rm(join(directory, nextLink), { force: true })
  await symlink(generation, join(directory, nextLink))
  await rename(join(directory, nextLink), join(directory, dataLink))
  await linkNames(directory, payload)
  if (current !== undefined) await rm(join(directory, current), { recursive: true, force: true })
  return true
}

/** First components of paths are what users see; each is a link that never changes. */
async function linkNames(directory: string, payload: Payload): Promise<void> {
  const names = new Set([...payload.keys()].map((path) => path.split("/")[0] ?? path))
  for (const entry of await readdir(directory)) {
    if (!entry.startsWith("..") && !names.has(entry)) await rm(join(directory, entry), { recursive: true, force: true })
  }
  for (const name of names) {
    const link = join(directory, name)
    if ((await readlink(link).catch(() => undefined)) === undefined) await symlink(join(dataLink, name), link)
  }
}

async function holds(directory: string, payload: Payload): Promise<boolean> {
  if ((await countFiles(directory)) !== payload.size) return false
  for (const [path, { data }] of payload) {
    const present = await readFile(join(directory, path)).catch(() => undefined)
    if (!present?.equals(data)) return false
  }
  return true
}

/** Without `recursive`, which looks into every directory while everything else waits. */
async function countFiles(directory: string): Promise<number> {
  const entries = await readdir(directory, { withFileTypes: true }).catch(() => [])
  const within = entries.filter((entry) => entry.isDirectory()).map(({ name }) => countFiles(join(directory, name)))
  return (await Promise.all(within)).reduce((sum, each) => sum + each, entries.filter((entry) => entry.isFile()).length)
}

function refuseEscape(path: string): void {
  const clean = normalize(path)
  if (path === "" || clean.startsWith("/") || clean.split("/")[0]?.startsWith("..")) {
    throw new VolumeProblem(`invalid path ${JSON.stringify(path)}: must be relative and not start with '..'`)
  }
}
