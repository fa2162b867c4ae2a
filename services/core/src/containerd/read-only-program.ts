import { execFile } from "node:child_process"
import { mkdir, rm, stat, writeFile } from "node:fs/promises"
import { dirname } from "node:path"
import { promisify } from "node:util"

/**
 * What makes a container must not be written by it (CVE-2019-5736), so crun and runc begin each run by making a copy of
 * themselves that cannot be, and run that one instead: of crun this is half of what a run costs. A program that lies where
 * nothing can be written, and finds this in its environment, does not; where either is missing it makes its copy as ever.
 */
export const readOnlyProgramEnv = { _LIBCONTAINER_CLONED_BINARY: "1" }

/** Shows a program at `place` once more, where nobody can write it. Resolves with its path there, or with its own where that cannot be. */
export async function readOnlyProgram(program: string, place: string): Promise<string> {
  try {
    if (await isSame(program, place)) return place
    await dropReadOnlyProgram(place)
    await mkdir(dirname(place), { recursive: true, mode: 0o711 })
    await writeFile(place, "")
    await promisify(execFile)("mount", ["-o", "bind,ro", program, place])
    return place
  } catch {
    await dropReadOnlyProgram(place)
    return program
  }
}

/** Succeeds for what is not there. */
export async function dropReadOnlyProgram(place: string): Promise<void> {
  await promisify(execFile)("umount", ["-l", place]).catch(() => undefined)
  await rm(place, { force: true }).catch(() => undefined)
}

/** An update of the machine puts another file in the program's place. */
async function isSame(program: string, place: string): Promise<boolean> {
  const [its, shown] = await Promise.all([stat(program), stat(place).catch(() => undefined)])
  return its.dev === shown?.dev && its.ino === shown.ino
}
