import { stripTypeScriptTypes } from "node:module"
import type { TarEntry } from "./tar.ts"

/**
 * Turns the TypeScript files of an image into JavaScript when it is built, so that a cold start does not pay for it:
 * `index.ts` becomes `index.js`, and relative imports of `./x.ts` follow.
 */
export function toJavaScript(entries: readonly TarEntry[]): TarEntry[] {
  return entries
    .filter((entry) => !entry.path.endsWith(".d.ts"))
    .map((entry) => (isTypeScript(entry) ? stripped(entry) : entry))
}

type FileEntry = Extract<TarEntry, { kind: "file" }>

function isTypeScript(entry: TarEntry): entry is FileEntry {
  return entry.kind === "file" && /\.m?ts$/.test(entry.path)
}

function stripped(entry: FileEntry): FileEntry {
  const source = stripTypeScriptTypes(Buffer.from(entry.content).toString("utf8"))
  const renamed = source.replace(/(\bfrom\s*|\bimport\s*\(?\s*)(["'])(\.{1,2}\/[^"']+?)\.(m?)ts\2/g, "$1$2$3.$4js$2")
  return { ...entry, path: javaScriptPath(entry.path), content: Buffer.from(renamed) }
}

export function javaScriptPath(path: string): string {
  return path.replace(/\.(m?)ts$/, ".$1js")
}
