import { constants } from "node:fs"
import { type FileHandle, lstat, open, readlink } from "node:fs/promises"
import { join } from "node:path"
import type { MountStep } from "../runtime.ts"

/** A passwd file is some kilobytes; who says more is not read further. */
const bytesMax = 1024 * 1024
const linksMax = 32

/** Pure: where the layers of a container's root lie, the uppermost first, by how they are mounted. */
export function layersOf(mounts: readonly MountStep[]): string[] {
  return mounts.flatMap(({ type, source, options }) => {
    if (type === "bind") return [source]
    const lower = options.find((option) => option.startsWith("lowerdir="))
    return lower === undefined ? [] : lower.slice("lowerdir=".length).split(":")
  })
}

/**
 * Reads a file of an image as a container of it would see it, without mounting anything; "" when there is none. Links
 * are followed within the image: the machine's own files are never meant.
 */
export async function readImageFile(layers: readonly string[], path: string): Promise<string> {
  let rest = path.split("/").filter(Boolean)
  let done: string[] = []
  for (let links = 0; rest.length > 0; ) {
    const [next = "", ...after] = rest
    rest = after
    if (next === "." || next === "..") {
      done = next === ".." ? done.slice(0, -1) : done
      continue
    }
    const found = await inLayers(layers, [...done, next])
    if (!found) return ""
    if (found.target === undefined) {
      done = [...done, next]
      if (rest.length === 0) return readText(found.path)
      continue
    }
    links += 1
    if (links > linksMax) return ""
    if (found.target.startsWith("/")) done = []
    rest = [...found.target.split("/").filter(Boolean), ...rest]
  }
  return ""
}

/** Each directory on the way is looked at as well: one that a layer has taken away hides what is in it below. */
async function inLayers(
  layers: readonly string[],
  names: readonly string[],
): Promise<{ path: string; target: string | undefined } | undefined> {
  for (const layer of layers) {
    const looked = await look(layer, names)
    if (looked === "removed") return undefined
    if (looked) return looked
  }
  return undefined
}

async function look(layer: string, names: readonly string[]) {
  let path = layer
  for (const [index, name] of names.entries()) {
    path = join(path, name)
    const stats = await lstat(path).catch(() => undefined)
    if (!stats) return undefined
    // A character device without a number: overlayfs' word for what is not there any more.
    if (stats.isCharacterDevice() && stats.rdev === 0) return "removed"
    if (index === names.length - 1) return { path, target: stats.isSymbolicLink() ? await readlink(path) : undefined }
    if (!stats.isDirectory()) return undefined
  }
  return undefined
}

async function readText(path: string): Promise<string> {
  let file: FileHandle | undefined
  try {
    file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK)
    if (!(await file.stat()).isFile()) return ""
    const { buffer, bytesRead } = await file.read(Buffer.alloc(bytesMax), 0, bytesMax, 0)
    return buffer.toString("utf8", 0, bytesRead)
  } catch {
    return ""
  } finally {
    await file?.close()
  }
}
