import { readdir, readFile } from "node:fs/promises"
import type { ContainerStats } from "./runtime.ts"

/** Length of the kernel's tick as it tells it to programs (USER_HZ), whatever its own is. */
const nsPerTick = 10_000_000
const pageBytes = 4_096

/** What process groups use: the time of all their processes, and of children that they have waited for. */
export async function processStats(
  /** Id of the group → of the container. */
  groups: ReadonlyMap<number, string>,
  nowMs: number,
): Promise<ContainerStats[]> {
  const sums = new Map([...groups.values()].map((id) => [id, { ticks: 0, pages: 0 }]))
  const pids = groups.size === 0 ? [] : (await readdir("/proc")).filter((name) => /^\d+$/.test(name))
  for (const pid of pids) {
    const found = parseStat(await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""))
    const sum = found && sums.get(groups.get(found.group) ?? "")
    if (!sum) continue
    sum.ticks += found.ticks
    sum.pages += found.pages
  }
  return [...sums].map(([id, { ticks, pages }]) => {
    const bytes = pages * pageBytes
    const memory = { workingSetBytes: bytes, usageBytes: bytes, rssBytes: bytes }
    return { id, atMs: nowMs, cpuNs: ticks * nsPerTick, memory }
  })
}

/** Pure: `/proc/PID/stat` (proc_pid_stat(5)); a program's name may hold anything, so fields are counted behind it. */
export function parseStat(text: string): { group: number; ticks: number; pages: number } | undefined {
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ")
  if (fields.length < 22) return undefined
  const number = (at: number): number => Number(fields[at - 3] ?? 0)
  return { group: number(5), ticks: number(14) + number(15) + number(16) + number(17), pages: number(24) }
}
