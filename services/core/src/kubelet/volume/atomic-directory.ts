import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs"
import { dirname, join, normalize } from "node:path"
import { type Payload, type PayloadFile, VolumeProblem } from "./payload.ts"

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

/**
 * Makes the directory, if need be, and makes it hold exactly these files. Returns whether anything changed. It is to lie in
 * memory, where no step waits for a disk: all twenty take a fraction of a millisecond here, and a thread's turn each elsewhere.
 */
export function writeAtomically(directory: string, payload: Payload, owner: Ownership): boolean {
  for (const path of payload.keys()) refuseEscape(path)
  const current = target(directory)
  const changed = current === undefined || !holds(join(directory, current), payload)
  if (changed) {
    const generation = `..${current === undefined ? 1 : Number(current.slice(2)) + 1}`
    writeFiles(join(directory, generation), payload, owner)
    rmSync(join(directory, nextLink), { force: true })
    symlinkSync(generation, join(directory, nextLink))
    renameSync(join(directory, nextLink), join(directory, dataLink))
  }
  linkNames(directory, payload)
  if (changed && current !== undefined) rmSync(join(directory, current), { recursive: true, force: true })
  return changed
}

function target(directory: string): string | undefined {
  try {
    return readlinkSync(join(directory, dataLink))
  } catch {
    return undefined
  }
}

function writeFiles(directory: string, payload: Payload, owner: Ownership): void {
  // There is one where the one before us did not come to its end.
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true, mode: directoryMode })
  for (const [path, file] of payload) writePayloadFile(join(directory, path), file, owner)
}

function writePayloadFile(path: string, { data, mode }: PayloadFile, { gid }: Ownership): void {
  mkdirSync(dirname(path), { recursive: true, mode: directoryMode })
  writeFileSync(path, data)
  // The umask has a say in writeFile's mode, not in chmod's.
  chmodSync(path, gid === undefined ? mode : mode | 0o440)
  if (gid !== undefined) chownSync(path, 0, gid)
}

/** First components of paths are what users see; each is a link that never changes. */
function linkNames(directory: string, payload: Payload): void {
  const names = new Set([...payload.keys()].map((path) => path.split("/")[0] ?? path))
  const present = new Set(readdirSync(directory).filter((entry) => !entry.startsWith("..")))
  for (const name of names.difference(present)) symlinkSync(join(dataLink, name), join(directory, name))
  for (const name of present.difference(names)) rmSync(join(directory, name), { recursive: true, force: true })
}

function holds(directory: string, payload: Payload): boolean {
  try {
    const entries = readdirSync(directory, { recursive: true, withFileTypes: true })
    if (entries.filter((entry) => entry.isFile()).length !== payload.size) return false
    return [...payload].every(([path, { data }]) => readFileSync(join(directory, path)).equals(data))
  } catch {
    // A file of another name, or none at all.
    return false
  }
}

function refuseEscape(path: string): void {
  const clean = normalize(path)
  if (path === "" || clean.startsWith("/") || clean.split("/")[0]?.startsWith("..")) {
    throw new VolumeProblem(`invalid path ${JSON.stringify(path)}: must be relative and not start with '..'`)
  }
}
