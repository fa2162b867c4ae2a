import { execFile } from "node:child_process"
import { access, constants, mkdir, readFile } from "node:fs/promises"
import { join } from "node:path"
import { promisify } from "node:util"
import type { OciRuntime } from "./config.ts"
import { dropReadOnlyProgram, readOnlyProgram } from "./read-only-program.ts"

/** Where a machine mounts its cgroups. */
const cgroupRoot = "/sys/fs/cgroup"

/**
 * Who makes containers here, the default first: crun where it can, for it costs a third of the processor time that runc
 * does; runc always, which comes with containerd. Their states are directories in `state`.
 */
export async function ociRuntimes(
  state: string,
  path = process.env.PATH ?? "",
): Promise<[OciRuntime, ...OciRuntime[]]> {
  const runc = { name: "runc", binary: "runc", state: join(state, "runc") }
  const program = await findProgram("crun", path)
  if (program === undefined || !(await fitsCrun(cgroupRoot))) return [runc]
  const binary = await readOnlyProgram(program, crunPlace(state))
  return [{ name: "crun", binary, state: join(state, "crun") }, runc]
}

/** When nobody makes containers any more. */
export async function leaveOciRuntimes(state: string): Promise<void> {
  await dropReadOnlyProgram(crunPlace(state))
}

/** By its own name: it looks at how it was called. */
function crunPlace(state: string): string {
  return join(state, "programs", "crun")
}

async function findProgram(name: string, path: string): Promise<string | undefined> {
  for (const directory of path.split(":")) {
    const file = join(directory, name)
    const isThere = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    )
    if (isThere) return file
  }
  return undefined
}

/**
 * crun takes cgroups of one version only. Of a machine with both, where all that counts is in version 1, it asks that the
 * other has no controller: those that nobody uses there are put where the rest is, once until the machine is switched off.
 */
async function fitsCrun(root: string): Promise<boolean> {
  for (const controller of await unifiedControllers(root)) {
    const directory = join(root, controller)
    await mkdir(directory, { recursive: true })
      .then(() => promisify(execFile)("mount", ["-t", "cgroup", "-o", controller, "cgroup", directory]))
      // Used by somebody, or not ours to say; or another node of this machine was quicker.
      .catch(() => undefined)
  }
  return (await unifiedControllers(root)).length === 0
}

/** Controllers of version 2 on a machine whose others are of version 1. */
async function unifiedControllers(root: string): Promise<string[]> {
  const text = await readFile(join(root, "unified", "cgroup.controllers"), "utf8").catch(() => "")
  return text.split(/\s+/).filter((name) => name !== "")
}
