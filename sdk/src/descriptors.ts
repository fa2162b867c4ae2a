import { readFileSync } from "node:fs"

/** File descriptors that this process may have at most; Infinity where there is no limit, or nothing that tells of it. */
export function descriptorLimit(): number {
  try {
    return limitIn(readFileSync("/proc/self/limits", "utf8"))
  } catch {
    return Number.POSITIVE_INFINITY
  }
}

/** Pure: the limit that cannot be passed, of a text as that of `/proc/PID/limits`. Node raises the other one to it. */
export function limitIn(limits: string): number {
  const [, hard] = /^Max open files\s+\S+\s+(\S+)/m.exec(limits) ?? []
  return hard === undefined || hard === "unlimited" ? Number.POSITIVE_INFINITY : Number(hard)
}
