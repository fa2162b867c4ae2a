import { mkdir, readdir } from "node:fs/promises"
import { basename, join } from "node:path"
import { hostCommand } from "#network"
import { mountCommand } from "../runtime/mount-command.ts"
import type { ImageRecord, ImageViews } from "../runtime/runtime.ts"
import { isMounted } from "./host-directory.ts"

/** Under a pod's directory, named by its uid: a directory for each volume, on which the image's files are mounted. */
const place = join("volumes", "image")

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
