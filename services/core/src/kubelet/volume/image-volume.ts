import { mkdir, readdir } from "node:fs/promises"
import { basename, join } from "node:path"
import { hostCommand } from "#network"
import type { ImageRecord, ImageViews, MountStep } from "../runtime/runtime.ts"
import { isMounted } from "./host-directory.ts"

/** Under a pod's directory, named by its uid: a directory for each volume, on which the image's files are mounted. */
const place = join("volumes", "image")
const layersOption = "lowerdir="

const keyOf = (podUid: string, volume: string): string => `wick-volume-${podUid}-${volume}`

/** The files of an image, read-only, under the directory of a pod. Does nothing where they are mounted already. */
export async function imageVolume(
  views: ImageViews,
  podDirectory: string,
  volume: string,
  haveImage: () => Promise<ImageRecord>,
): Promise<string> {
  const path = join(podDirectory, place, volume)
  await mkdir(path, { recursive: true, mode: 0o755 })
  if (await isMounted(path)) return path
  const podUid = basename(podDirectory)
  const { id } = await haveImage()
  for (const step of await views.open({ key: keyOf(podUid, volume), podUid }, id)) {
    const { cwd, args } = mountCommand(step, path)
    await hostCommand("mount", args, "", cwd)
  }
  return path
}

/** Before a pod's directory goes: which views its volumes stand on, to be closed when nothing is mounted any more. */
export async function openViews(podDirectory: string): Promise<string[]> {
  const volumes = await readdir(join(podDirectory, place)).catch(() => [])
  return volumes.map((volume) => keyOf(basename(podDirectory), volume))
}

/**
 * Pure. The kernel reads a page of options at most, which some forty layers with their whole paths fill; so the paths
 * begin where all of them meet, and the mount is made from there.
 */
export function mountCommand({ type, source, options }: MountStep, target: string): { cwd: string; args: string[] } {
  const layers = options
    .find((option) => option.startsWith(layersOption))
    ?.slice(layersOption.length)
    .split(":")
  const cwd = layers && layers.length > 1 ? commonDirectory(layers) : "/"
  const shown = options.map((option) =>
    cwd === "/" || !option.startsWith(layersOption)
      ? option
      : layersOption + layers?.map((layer) => layer.slice(cwd.length + 1)).join(":"),
  )
  const given = [...new Set([...shown, "ro"])].join(",")
  // What is bound has no type of its own.
  const typed = type === "bind" ? [] : ["-t", type]
  return { cwd, args: [...typed, "-o", given, source, target] }
}

function commonDirectory(paths: readonly string[]): string {
  const [first = [], ...others] = paths.map((path) => path.split("/").slice(0, -1))
  const length = first.findIndex((part, at) => others.some((other) => other[at] !== part))
  return first.slice(0, length === -1 ? first.length : length).join("/") || "/"
}
