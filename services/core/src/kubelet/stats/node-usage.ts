import { readFile } from "node:fs/promises"
import type { MemoryStats } from "../runtime/runtime.ts"

/** What the whole machine has used of its processors, and what it holds. */
export interface NodeUsage {
  readonly cores: number
  readonly cpuNs: number
  readonly memory: MemoryStats
  readonly availableBytes: number
  /** Seconds since 1970 at which the machine started. */
  readonly bootSeconds: number
}

/** Length of the kernel's tick as it tells it to programs (USER_HZ), whatever its own is. */
const nsPerTick = 10_000_000

export async function nodeUsage(): Promise<NodeUsage> {
  const [stat, memory] = await Promise.all(["/proc/stat", "/proc/meminfo"].map((path) => readFile(path, "utf8")))
  return parseUsage(stat ?? "", memory ?? "")
}

/** Pure: /proc/stat and /proc/meminfo (proc_stat(5), proc_meminfo(5)). */
export function parseUsage(stat: string, meminfo: string): NodeUsage {
  const [user = 0, nice = 0, system = 0, , , irq = 0, softirq = 0] = (/^cpu +(.*)$/m.exec(stat)?.[1] ?? "")
    .split(" ")
    .map(Number)
  const bytes = (name: string): number =>
    Number(new RegExp(`^${name}:\\s+(\\d+) kB`, "m").exec(meminfo)?.[1] ?? 0) * 1_024
  const usageBytes = bytes("MemTotal") - bytes("MemFree")
  // As the kubelet reckons: cached files that nobody has read for long can be taken back at any time.
  const workingSetBytes = Math.max(0, usageBytes - bytes("Inactive\\(file\\)"))
  return {
    cores: stat.match(/^cpu\d+ /gm)?.length ?? 0,
    cpuNs: (user + nice + system + irq + softirq) * nsPerTick,
    memory: { workingSetBytes, usageBytes, rssBytes: bytes("AnonPages") },
    availableBytes: bytes("MemTotal") - workingSetBytes,
    bootSeconds: Number(/^btime (\d+)$/m.exec(stat)?.[1] ?? 0),
  }
}
