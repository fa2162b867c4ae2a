import { existsSync } from "node:fs"
import { lstat, mkdir, readlink, rmdir } from "node:fs/promises"
import { join } from "node:path"
import { hostCommand } from "#network"
import { mountCommand } from "../mount-command.ts"
import type { ContainerConfig, ImageViews, MountConfig } from "../runtime.ts"

const linksMax = 32

/** What a container's image wants it to have. */
export interface WantedVolumes {
  readonly id: string
  readonly config: ContainerConfig
  /** The paths that the image names. */
  readonly paths: readonly string[]
  /** Of the container, on a disk. */
  readonly directory: string
}

const viewOf = (id: string): string => `wick-volumes-${id}`
/** Where the image's files are seen while they are copied. */
const imageIn = (directory: string): string => join(directory, "image")

/**
 * Where an image says VOLUME, and the pod mounts nothing, each of its containers has a directory of its own, which begins
 * as the image has it. It can be written though the container's root cannot, and goes with the container.
 */
export async function volumeDirectories(views: ImageViews, wanted: WantedVolumes): Promise<MountConfig[]> {
  const { config, directory } = wanted
  const taken = new Set(config.mounts.map(({ containerPath }) => clean(containerPath)))
  const paths = [...new Set(wanted.paths.map(clean))].filter((path) => path !== "/" && !taken.has(path))
  if (paths.length === 0) return []
  const place = join(directory, "volumes")
  await mkdir(directory, { mode: 0o700 })
  await mkdir(place)
  const made = paths.map((containerPath, at) => ({ containerPath, hostPath: join(place, String(at)) }))
  await withFiles(views, wanted, async (root) => {
    for (const { containerPath, hostPath } of made) {
      await mkdir(hostPath, { mode: 0o755 })
      const source = await within(root, containerPath)
      if (source !== undefined) await hostCommand("cp", ["-aT", "--", source, hostPath])
    }
  })
  return made.map((mount) => ({ ...mount, readOnly: false, propagation: "private" }))
}

/** For a directory that is to go: its maker may have been killed in the midst of copying. */
export async function releaseVolumes(views: ImageViews, id: string, directory: string): Promise<void> {
  if (!existsSync(imageIn(directory))) return
  await hostCommand("umount", [imageIn(directory)]).catch(() => "")
  await views.close(viewOf(id))
}

/** With the image's files mounted for as long as `use` takes. */
async function withFiles(
  views: ImageViews,
  { id, config, directory }: WantedVolumes,
  use: (root: string) => Promise<void>,
): Promise<void> {
  const root = imageIn(directory)
  await mkdir(root)
  let mounted = 0
  try {
    for (const step of await views.open({ key: viewOf(id), podUid: config.pod.uid }, config.imageId)) {
      const { cwd, args } = mountCommand(step, root)
      await hostCommand("mount", args, "", cwd)
      mounted++
    }
    await use(root)
  } finally {
    for (; mounted > 0; mounted--) await hostCommand("umount", [root])
    await rmdir(root)
    await views.close(viewOf(id))
  }
}

/**
 * Where a directory of an image lies under `root`; undefined when there is none. Links are followed within the image:
 * the machine's own files are never meant.
 */
export async function within(root: string, path: string): Promise<string | undefined> {
  let rest = names(path)
  let done: string[] = []
  let links = 0
  while (rest.length > 0) {
    const [next = "", ...after] = rest
    rest = after
    if (next === "..") {
      done = done.slice(0, -1)
      continue
    }
    const here = join(root, ...done, next)
    const stats = await lstat(here).catch(() => undefined)
    if (stats?.isSymbolicLink() && links++ < linksMax) {
      const target = await readlink(here)
      if (target.startsWith("/")) done = []
      rest = [...names(target), ...rest]
    } else if (stats?.isDirectory()) done = [...done, next]
    else return undefined
  }
  return join(root, ...done)
}

function names(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".")
}

function clean(path: string): string {
  return `/${names(path).join("/")}`
}
