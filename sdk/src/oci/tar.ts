/**
 * A tar archive (POSIX.1-1988 ustar, with pax records for what does not fit), made the same byte for byte from the same
 * entries: sorted, owned by root, dated 1970. A layer made twice has one digest.
 */
export type TarEntry =
  | {
      readonly kind: "file"
      readonly path: string
      readonly content: Uint8Array
      readonly mode?: number
      readonly uid?: number
    }
  | { readonly kind: "directory"; readonly path: string; readonly mode?: number; readonly uid?: number }
  | { readonly kind: "symlink"; readonly path: string; readonly target: string }

const blockBytes = 512
const nameMaxBytes = 100
const typeFlags = { file: "0", symlink: "2", directory: "5", pax: "x" } as const

/** The archive of `entries` (paths without a leading slash) and of the directories above them. */
export function tar(entries: readonly TarEntry[]): Uint8Array {
  const all = withParents(entries).toSorted((a, b) => (a.path < b.path ? -1 : 1))
  const blocks = all.flatMap(encode)
  return Buffer.concat([...blocks, Buffer.alloc(2 * blockBytes)])
}

function withParents(entries: readonly TarEntry[]): TarEntry[] {
  const known = new Map(entries.map((entry) => [entry.path, entry]))
  for (const { path } of entries) {
    for (let at = path.lastIndexOf("/"); at > 0; at = path.lastIndexOf("/", at - 1)) {
      const parent = path.slice(0, at)
      if (!known.has(parent)) known.set(parent, { kind: "directory", path: parent })
    }
  }
  return [...known.values()]
}

function encode(entry: TarEntry): Uint8Array[] {
  const path = entry.kind === "directory" ? `${entry.path}/` : entry.path
  const target = entry.kind === "symlink" ? entry.target : ""
  const records = [...pax("path", path), ...pax("linkpath", target)].join("")
  const long =
    records === "" ? [] : withContent(header("pax", "PaxHeader", "", records.length, 0o644, 0), Buffer.from(records))
  const content = entry.kind === "file" ? entry.content : new Uint8Array()
  const mode = entry.kind === "symlink" ? 0o777 : (entry.mode ?? (entry.kind === "directory" ? 0o755 : 0o644))
  const uid = entry.kind === "symlink" ? 0 : (entry.uid ?? 0)
  return [...long, ...withContent(header(entry.kind, path, target, content.length, mode, uid), content)]
}

function withContent(head: Uint8Array, content: Uint8Array): Uint8Array[] {
  const padding = (blockBytes - (content.length % blockBytes)) % blockBytes
  return [head, content, Buffer.alloc(padding)]
}

/** `LENGTH key=value\n`, where LENGTH counts itself. */
function pax(key: string, value: string): string[] {
  if (Buffer.byteLength(value) <= nameMaxBytes) return []
  const rest = ` ${key}=${value}\n`
  const bytes = Buffer.byteLength(rest)
  const digits = String(bytes + String(bytes).length).length
  return [`${bytes + digits}${rest}`]
}

function header(
  type: keyof typeof typeFlags,
  path: string,
  target: string,
  size: number,
  mode: number,
  uid: number,
): Uint8Array {
  const block = Buffer.alloc(blockBytes)
  const octal = (value: number, at: number, width: number): number =>
    block.write(`${value.toString(8).padStart(width - 1, "0")}\0`, at, "latin1")
  block.write(path.slice(0, nameMaxBytes), 0, nameMaxBytes, "utf8")
  octal(mode, 100, 8)
  octal(uid, 108, 8)
  octal(uid, 116, 8)
  octal(size, 124, 12)
  octal(0, 136, 12)
  block.write("        ", 148, "latin1")
  block.write(typeFlags[type], 156, "latin1")
  block.write(target.slice(0, nameMaxBytes), 157, nameMaxBytes, "utf8")
  block.write("ustar\u000000", 257, "latin1")
  const sum = block.reduce((total, byte) => total + byte, 0)
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1")
  return block
}
