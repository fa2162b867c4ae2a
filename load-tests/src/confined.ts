import { existsSync, mkdirSync, rmdirSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = "/sys/fs/cgroup"
const periodMicros = 10_000

/** Gives each of the processes no more than so many percent of one processor, until it is disposed of. Wants root. */
export function confine(pids: readonly number[], percent: number): Disposable {
  const isUnified = existsSync(join(root, "cgroup.controllers"))
  const parent = isUnified ? root : join(root, "cpu")
  const quotaMicros = Math.round((periodMicros * percent) / 100)
  const groups = pids.map((pid) => {
    const group = join(parent, `wick-load-${pid}`)
    mkdirSync(group, { recursive: true })
    if (isUnified) writeFileSync(join(group, "cpu.max"), `${quotaMicros} ${periodMicros}`)
    else {
      writeFileSync(join(group, "cpu.cfs_period_us"), String(periodMicros))
      writeFileSync(join(group, "cpu.cfs_quota_us"), String(quotaMicros))
    }
    writeFileSync(join(group, "cgroup.procs"), String(pid))
    return { pid, group }
  })
  return {
    [Symbol.dispose]() {
      for (const { pid, group } of groups) {
        writeFileSync(join(parent, "cgroup.procs"), String(pid))
        rmdirSync(group)
      }
    },
  }
}
