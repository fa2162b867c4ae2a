import { existsSync } from "node:fs"
import { readFile } from "node:fs/promises"
import { join } from "node:path"
import type { ContainerStats } from "../runtime.ts"

const root = "/sys/fs/cgroup"
const nsPerUs = 1_000

/** What a container's cgroup has counted; undefined when there is none any more. */
export async function cgroupStats(id: string, path: string, atMs: number): Promise<ContainerStats | undefined> {
  const unified = existsSync(join(root, "cgroup.controllers"))
  const read = (controller: string, file: string): Promise<string> =>
    readFile(join(root, unified ? "" : controller, path, file), "utf8")
  try {
    const [cpu, usage, memory] = unified
      ? await Promise.all([read("", "cpu.stat"), read("", "memory.current"), read("", "memory.stat")])
      : await Promise.all([
          read("cpuacct", "cpuacct.usage"),
          read("memory", "memory.usage_in_bytes"),
          read("memory", "memory.stat"),
        ])
    return statsOf({ id, atMs, unified, cpu, usage, memory })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined
    throw error
  }
}

/** Pure: from the files of a cgroup of either version. What is in files that nobody uses can be taken back at once. */
export function statsOf(given: {
  readonly id: string
  readonly atMs: number
  readonly unified: boolean
  readonly cpu: string
  readonly usage: string
  readonly memory: string
}): ContainerStats {
  const { id, atMs, unified, cpu, usage, memory } = given
  const field = (text: string, name: string): number => Number(new RegExp(`^${name} (\\d+)$`, "m").exec(text)?.[1] ?? 0)
  const usageBytes = Number(usage)
  const idle = field(memory, unified ? "inactive_file" : "total_inactive_file")
  return {
    id,
    atMs,
    cpuNs: unified ? field(cpu, "usage_usec") * nsPerUs : Number(cpu),
    memory: {
      usageBytes,
      workingSetBytes: Math.max(0, usageBytes - idle),
      rssBytes: field(memory, unified ? "anon" : "total_rss"),
    },
  }
}
