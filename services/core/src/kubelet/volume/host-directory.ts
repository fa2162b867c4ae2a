import { chmod, chown, mkdir, open, readFile, realpath, rm, stat } from "node:fs/promises"
import { join, sep } from "node:path"
import type { Volume } from "@wick/sdk/api/core/volume"
import { wholeUnits } from "@wick/sdk/api/meta/quantity"
import { hostCommand } from "#network"
import { VolumeProblem } from "./payload.ts"

const openToAll = 0o777
/** New files belong to the directory's group. */
const inheritGroup = 0o2000

/** An empty directory for a pod, on disk or in memory. */
export async function emptyDirectory(
  path: string,
  source: NonNullable<Volume["emptyDir"]>,
  fsGroup: number | undefined,
): Promise<void> {
  const made = await mkdir(path, { recursive: true })
  if (source.medium === "Memory" && !(await isMounted(path))) {
    const size = source.sizeLimit === undefined ? [] : [`size=${wholeUnits(source.sizeLimit)}`]
    await hostCommand("mount", ["-t", "tmpfs", "-o", ["mode=0777", ...size].join(","), "tmpfs", path])
  } else if (made === undefined) {
    return
  }
  if (fsGroup !== undefined) await chown(path, 0, fsGroup)
  await chmod(path, fsGroup === undefined ? openToAll : openToAll | inheritGroup)
}

/** Takes away all that is mounted in a directory. */
export async function unmountWithin(path: string): Promise<void> {
  for (const point of (await mountPoints()).filter((point) => within(point, path)).reverse()) {
    await hostCommand("umount", ["-l", point])
  }
}

/** Removes a directory on which somebody else has mounted and was asked to unmount: never the files of a volume. */
export async function removeUnmounted(path: string): Promise<void> {
  const [point] = (await mountPoints()).filter((each) => within(each, path))
  if (point !== undefined) throw new Error(`${point} is still mounted`)
  await rm(path, { recursive: true, force: true })
}

/** Removes a pod's directory with all that is mounted in it. Never follows a mount that it could not take away. */
export async function removeDirectory(path: string): Promise<void> {
  await unmountWithin(path)
  await rm(path, { recursive: true, force: true })
}

export async function isMounted(path: string): Promise<boolean> {
  return (await mountPoints()).includes(await realpath(path))
}

async function mountPoints(): Promise<string[]> {
  const lines = (await readFile("/proc/self/mountinfo", "utf8")).split("\n")
  return lines.flatMap((line) => line.split(" ")[4] ?? []).map((path) => path.replaceAll("\\040", " "))
}

/** Checks what a `hostPath` volume asks for, and makes it where that is asked. */
export async function hostPath({ path, type }: NonNullable<Volume["hostPath"]>): Promise<string> {
  const found = await stat(path).catch(() => undefined)
  if (type === "DirectoryOrCreate" && !found) await mkdir(path, { recursive: true, mode: 0o755 })
  if (type === "FileOrCreate" && !found) await (await open(path, "a", 0o644)).close()
  const checks: Record<string, boolean | undefined> = {
    Directory: found?.isDirectory(),
    File: found?.isFile(),
    Socket: found?.isSocket(),
    CharDevice: found?.isCharacterDevice(),
    BlockDevice: found?.isBlockDevice(),
  }
  if (type in checks && !checks[type]) {
    throw new VolumeProblem(`hostPath type check failed: ${path} is not a ${type.toLowerCase()}`)
  }
  return path
}

/** A path inside a volume, made where that is wanted; a link that leads out of it is refused. */
export async function subPath(volume: string, relative: string, make: boolean): Promise<string> {
  if (relative.split("/").includes(".."))
    throw new VolumeProblem(`subPath ${JSON.stringify(relative)} must not contain '..'`)
  const wanted = join(volume, relative)
  if (!(await stat(wanted).catch(() => undefined))) {
    if (!make) throw new VolumeProblem(`subPath ${JSON.stringify(relative)} is not there, and the volume is read-only`)
    await mkdir(wanted, { recursive: true, mode: 0o750 })
  }
  const [real, root] = await Promise.all([realpath(wanted), realpath(volume)])
  if (!within(real, root)) throw new VolumeProblem(`subPath ${JSON.stringify(relative)} leads out of its volume`)
  return real
}

function within(path: string, directory: string): boolean {
  return path === directory || path.startsWith(directory + sep)
}
