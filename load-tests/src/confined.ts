import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = "/sys/fs/cgroup"
const periodMicros = 10_000

/** Gives each of the processes no more than so many percent of one processor, until it is disposed of. Wants root. */
export function confine(pids: readonly number[], percent: number): Disposable {
  const quotaMicros = Math.round((periodMicros * percent) / 100)
  const confined = pids.map((pid) => {
    const home = cgroupOf(pid)
    const group = join(home, `wick-load-${pid}`)
    mkdirSync(group, { recursive: true })
    const limits = isUnified()
      ? { "cpu.max": `${quotaMicros} ${periodMicros}` }
      : { "cpu.cfs_period_us": periodMicros, "cpu.cfs_quota_us": quotaMicros }
    for (const [name, value] of Object.entries(limits)) writeFileSync(join(group, name), String(value))
    move(pid, group)
    return { pid, home, group }
  })
  return {
    [Symbol.dispose]() {
      for (const { pid, home, group } of confined) {
        move(pid, home)
        rmdirSync(group)
      }
    },
  }
}

function isUnified(): boolean {
  return existsSync(join(root, "cgroup.controllers"))
}

/** Where a process's share of the processor is decided; not the group of a run that was ended before it let go. */
function cgroupOf(pid: number): string {
  const hierarchy = isUnified() ? "" : "cpu"
  const lines = readFileSync(`/proc/${pid}/cgroup`, "utf8")
    .split("\n")
    .map((line) => line.split(":"))
  const path = lines.find(([, controllers = ""]) => controllers.split(",").includes(hierarchy))?.[2] ?? "/"
  return join(root, hierarchy, path.replace(`/wick-load-${pid}`, ""))
}

function move(pid: number, group: string): void {
  writeFileSync(join(group, "cgroup.procs"), String(pid))
}
