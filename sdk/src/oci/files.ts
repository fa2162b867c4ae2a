import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync } from "node:fs"
import { join } from "node:path"
import type { TarEntry } from "./tar.ts"

/** What never belongs into an image. */
const ignored = new Set([".git", ".DS_Store", "node_modules/.cache"])

/** A directory's files as entries under `prefix`, as they are. */
export function entriesOf(directory: string, prefix: string, keep: (path: string) => boolean = () => true): TarEntry[] {
  return readdirSync(directory)
    .toSorted()
    .filter((name) => !ignored.has(name) && keep(join(directory, name)))
    .flatMap((name) => entryOf(join(directory, name), `${prefix}/${name}`, keep))
}

function entryOf(path: string, at: string, keep: (path: string) => boolean): TarEntry[] {
  const stat = lstatSync(path)
  if (stat.isSymbolicLink()) return [{ kind: "symlink", path: at, target: readlinkSync(path) }]
  if (stat.isDirectory()) return [{ kind: "directory", path: at }, ...entriesOf(path, at, keep)]
  if (!stat.isFile()) return []
  return [{ kind: "file", path: at, content: readFileSync(path), mode: stat.mode & 0o111 ? 0o755 : 0o644 }]
}

export function fileEntry(from: string, at: string, mode?: number): TarEntry[] {
  if (!existsSync(from)) return []
  return [{ kind: "file", path: at.replace(/^\//, ""), content: readFileSync(from), mode: mode ?? 0o644 }]
}

export function textEntry(at: string, text: string, mode = 0o644): TarEntry {
  return { kind: "file", path: at.replace(/^\//, ""), content: Buffer.from(text), mode }
}
