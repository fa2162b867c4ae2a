import { lstat, mkdir, statfs } from "node:fs/promises"
import { join } from "node:path"
import { hostCommand } from "#network"

/** `f_type` of file systems that are never written to a disk (statfs(2)). */
const inMemory: ReadonlySet<number> = new Set([0x01021994, 0x858458f6])
/** Only the kubelet goes in; containers get what is theirs by a mount of it. */
const ownerOnly = 0o700

/**
 * A directory whose files lie in memory, for secrets, tokens and config maps: `<base>/<name>`, found again as it is after
 * a crash. Where `base` is on a disk, a file system in memory is mounted there. `removeDirectory` takes both away.
 */
export async function volatileDirectory(base: string, name: string): Promise<string> {
  const path = join(base, name)
  await mkdir(path, { recursive: true, mode: ownerOnly })
  const found = await lstat(path)
  if (!found.isDirectory() || found.uid !== process.getuid?.()) {
    throw new Error(`${path} is not a directory of our own: remove it, secrets of pods are to be kept there`)
  }
  if (inMemory.has((await statfs(path)).type)) return path
  await hostCommand("mount", ["-t", "tmpfs", "-o", "mode=0700,nosuid,nodev,noexec", "tmpfs", path])
  return path
}
