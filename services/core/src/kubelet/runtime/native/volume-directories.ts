import { lstat, mkdir, readdir, readlink, rm, rmdir } from "node:fs/promises"
import { join } from "node:path"
import { hostCommand } from "#network"
import { mountCommand } from "../mount-command.ts"
import type { ContainerConfig, ImageViews, MountConfig } from "../runtime.ts"

const linksMax = 32
/** Where the image's files are seen while they are copied. */
const imageName = "image"

const viewOf = (id: string): string => `wick-volumes-${id}`

/**
 * Where an image says VOLUME, and the pod mounts nothing, each of its containers has a directory of its own, which begins
 * as the image has it. It can be written though the container's root cannot, and goes with the container.
 */
export class VolumeDirectories {
  readonly #views: ImageViews
  readonly #directory: string

  constructor(views: ImageViews, directory: string) {
    this.#views = views
    this.#directory = directory
  }

  /** Removes what is no container's. */
  async open(isKnown: (id: string) => boolean): Promise<void> {
    const ids = await readdir(this.#directory).catch(() => [])
    for (const id of ids.filter((name) => !isKnown(name))) {
      // An earlier process may have been killed in the midst of copying.
      await hostCommand("umount", [this.#path(id, imageName)]).catch(() => "")
      await this.#views.close(viewOf(id))
      await this.remove(id)
    }
  }

  /** `volumes`: the paths that the image names. */
  async make(id: string, config: ContainerConfig, volumes: readonly string[]): Promise<MountConfig[]> {
    const taken = new Set(config.mounts.map(({ containerPath }) => clean(containerPath)))
    const paths = [...new Set(volumes.map(clean))].filter((path) => path !== "/" && !taken.has(path))
    if (paths.length === 0) return []
    const made = paths.map((containerPath, at) => ({ containerPath, hostPath: this.#path(id, String(at)) }))
    await mkdir(this.#path(id), { recursive: true, mode: 0o700 })
    await this.#withFiles(id, config, async (root) => {
      for (const { containerPath, hostPath } of made) {
        await mkdir(hostPath, { mode: 0o755 })
        const source = await within(root, containerPath)
        if (source !== undefined) await hostCommand("cp", ["-aT", "--", source, hostPath])
      }
    })
    return made.map((mount) => ({ ...mount, readOnly: false, propagation: "private" }))
  }

  async remove(id: string): Promise<void> {
    await rm(this.#path(id), { recursive: true, force: true })
  }

  /** With the image's files mounted for as long as `use` takes. */
  async #withFiles(id: string, { pod, imageId }: ContainerConfig, use: (root: string) => Promise<void>): Promise<void> {
    const root = this.#path(id, imageName)
    await mkdir(root)
    let mounted = 0
    try {
      for (const step of await this.#views.open({ key: viewOf(id), podUid: pod.uid }, imageId)) {
        const { cwd, args } = mountCommand(step, root)
        await hostCommand("mount", args, "", cwd)
        mounted++
      }
      await use(root)
    } finally {
      for (; mounted > 0; mounted--) await hostCommand("umount", [root])
      await rmdir(root)
      await this.#views.close(viewOf(id))
    }
  }

  #path(id: string, name = ""): string {
    return join(this.#directory, id, name)
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
