import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { confine } from "../confined.ts"
import { deploy, type Platform, remove, target } from "../platform.ts"
import { cpuMicros, pidsOf } from "../process-cost.ts"
import { type Row, report } from "../report.ts"
import { wrk } from "../wrk.ts"

const seconds = 5
const rounds = 3
const connections = 100

/** Of one processor; undefined: as much as there is. */
const percentOfEach = process.env.ACTIVATOR_CPU_PERCENT

/**
 * Warm requests through as many activators as the platform has: run it on `wick up --activators 1` and `--activators 2` and
 * compare. The CPU of each process says who was the bottleneck: on two cores load generator and function want theirs too.
 * Where these leave too little, ACTIVATOR_CPU_PERCENT=20 gives each activator a fifth of a core and no more.
 */
export async function activators(platform: Platform): Promise<void> {
  await deploy(platform, "shared", { image: "fast", annotations: { "min-scale": "2", "max-scale": "2" } })
  const { host, port } = target(platform, "shared")
  const gateways = activatorPids(platform.home)
  using _ = percentOfEach === undefined ? undefined : confine(gateways, Number(percentOfEach))
  const functions = pidsOf("nginx: worker")
  const rows: Row[] = []
  for (let round = 1; round <= rounds; round++) {
    const used = () => [...gateways, functions].map((pids) => cpuMicros([pids].flat()))
    const before = used()
    const { requests, ...result } = await wrk({ url: `http://127.0.0.1:${port}/`, host, connections, seconds })
    const cpu = used().map((micros, at) => micros - (before[at] ?? 0))
    const percent = (micros: number | undefined): number => Math.round((micros ?? 0) / (seconds * 10_000))
    const each = gateways.map((_, at) => [`activator ${at + 1}, CPU %`, percent(cpu[at])])
    const ofGateways = cpu.slice(0, gateways.length).reduce((sum, micros) => sum + micros, 0)
    const figures = {
      ...result,
      ...Object.fromEntries(each),
      "functions, CPU %": percent(cpu.at(-1)),
      "activators, us/request": Math.round(ofGateways / requests),
    }
    rows.push({ name: `${gateways.length} activators, round ${round}`, figures })
  }
  await remove(platform, "shared")
  report("activators", rows)
}

/** Of this platform alone: there may be others on the machine. */
function activatorPids(home: string): number[] {
  const run = join(home, "run")
  const files = readdirSync(run).filter((name) => /^activator-\d+\.pid$/.test(name))
  return files.map((name) => (JSON.parse(readFileSync(join(run, name), "utf8")) as { pid: number }).pid)
}
