import type { Platform } from "../platform.ts"
import { cpuMicros, pidsOf, residentBytes } from "../process-cost.ts"
import { type Row, report } from "../report.ts"

const seconds = 20

/** What the platform's processes cost when nothing is asked of them. */
export async function idle({ controlPid }: Platform): Promise<void> {
  const parts = [
    { name: "control", pids: [controlPid] },
    { name: "activators", pids: pidsOf("services/activator/src/main.ts") },
    { name: "containerd", pids: pidsOf("containerd --config").concat(pidsOf("containerd -c")) },
  ]
  const before = parts.map(({ pids }) => cpuMicros(pids))
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000))
  const rows = parts.map(({ name, pids }, at): Row => {
    const used = cpuMicros(pids) - (before[at] ?? 0)
    const percent = Math.round((used / (seconds * 1_000_000)) * 10_000) / 100
    return {
      name,
      figures: { processes: pids.length, "RSS MiB": Math.round(residentBytes(pids) / 1_048_576), "CPU %": percent },
    }
  })
  report("idle", rows)
}
