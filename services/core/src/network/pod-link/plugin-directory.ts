import { execFile } from "node:child_process"
import { mkdir, readdir, readFile, readlink, rename, symlink, unlink, writeFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import type { LinkProgramSettings } from "./link-code.ts"
import { linkProgram } from "./link-program.ts"
import { loopbackProgram } from "./loopback-program.ts"
import { namespaceProgram } from "./namespace-program.ts"

/** How a configuration names the plugin that makes pods' links. */
export const linkPlugin = "wick-link"
const loopbackPlugin = "loopback"
/** No plugin, and called as one: it makes what plugins work on. */
export const namespacePlugin = "wick-namespaces"

/** A plugin says its versions at once, or it is none. */
const answerMsMax = 2_000

/**
 * The directory in which containerd finds plugins: ours, and in the same place all others of this machine, so that a
 * configuration of somebody else's finds what it names. `loopback` is ours even then: containerd calls it for each pod.
 */
export class PluginDirectory {
  readonly path: string

  private constructor(path: string) {
    this.path = path
  }

  /**
   * Makes the directory; `undefined` where our plugins cannot run: on a processor whose code we do not know, or where files
   * of this directory may not be executed.
   */
  static async make(path: string, others: readonly string[]): Promise<PluginDirectory | undefined> {
    const [loopback, namespaces] = [loopbackProgram(process.arch), namespaceProgram(process.arch)]
    if (!loopback || !namespaces) return undefined
    await mkdir(path, { recursive: true })
    await Promise.all([replace(join(path, loopbackPlugin), loopback), replace(join(path, namespacePlugin), namespaces)])
    if (!(await answers(join(path, loopbackPlugin)))) return undefined
    await lead(path, others)
    return new PluginDirectory(path)
  }

  /** Writes the plugin for a network. */
  async writeLinkPlugin(settings: LinkProgramSettings): Promise<void> {
    const program = linkProgram(process.arch, settings)
    if (program) await replace(join(this.path, linkPlugin), program)
  }
}

/** In one step: it may be running, and the next pod wants the old or the new one. */
async function replace(path: string, program: Buffer): Promise<void> {
  const present = await readFile(path).catch(() => undefined)
  if (present?.equals(program)) return
  await writeFile(`${path}.new`, program, { mode: 0o755 })
  await rename(`${path}.new`, path)
}

async function answers(path: string): Promise<boolean> {
  const options = { env: { CNI_COMMAND: "VERSION" }, timeout: answerMsMax }
  return promisify(execFile)(path, [], options).then(
    () => true,
    () => false,
  )
}

/** Links to the plugins of other directories; of two with one name that of the first directory. */
async function lead(path: string, others: readonly string[]): Promise<void> {
  const wanted = new Map<string, string>()
  for (const directory of others.toReversed()) {
    for (const name of await readdir(directory).catch(() => [])) wanted.set(name, join(directory, name))
  }
  for (const own of [linkPlugin, loopbackPlugin, namespacePlugin]) wanted.delete(own)
  for (const name of await readdir(path)) {
    const target = await readlink(join(path, name)).catch(() => undefined)
    if (target === undefined) continue
    if (wanted.get(name) === target) wanted.delete(name)
    else await unlink(join(path, name))
  }
  for (const [name, target] of wanted) await symlink(target, join(path, name))
}
