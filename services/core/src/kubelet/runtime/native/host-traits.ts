import { existsSync, readFileSync } from "node:fs"
import { hostname } from "node:os"
import { hasAppArmor } from "./app-armor.ts"
import { capabilitiesIn } from "./capabilities.ts"
import type { HostTraits } from "./oci-spec.ts"

const cgroups = "/sys/fs/cgroup"

/** What this process may give to containers is what it has itself. */
export function hostTraits(): HostTraits {
  const unified = existsSync(`${cgroups}/cgroup.controllers`)
  const swap = unified ? `${cgroups}${ownCgroup()}/memory.swap.max` : `${cgroups}/memory/memory.memsw.limit_in_bytes`
  const [, mask = ""] = /^CapEff:\s*(\w+)$/m.exec(readFileSync("/proc/self/status", "utf8")) ?? []
  return {
    hostname: hostname(),
    unified,
    limitsSwap: existsSync(swap),
    oomScoreMin: Number(readFileSync("/proc/self/oom_score_adj", "utf8")),
    capabilities: capabilitiesIn(mask),
    architecture: process.arch,
    appArmor: hasAppArmor(),
  }
}

function ownCgroup(): string {
  const [, path = ""] = /^0::(.*)$/m.exec(readFileSync("/proc/self/cgroup", "utf8")) ?? []
  return path
}
