import { Latency } from "../latency.ts"
import { allAtOnce } from "../open-loop.ts"
import { atZero, deploy, type Platform, remove, target } from "../platform.ts"
import { cpuMicros, machineTime, pidsOf } from "../process-cost.ts"
import { report } from "../report.ts"

const rounds = 15
const few = 20
const crowd = 100
/** Services that are made, and removed, at a time. */
const makers = 4
const quick = { window: "6s" }
/** Longer than all starts take together: who measures them must not measure the stops of the first ones too. */
const lasting = { window: "30s" }

/** Request in → response out, from truly zero: no container of the function is there, not even a terminating one. */
export async function coldStart(platform: Platform): Promise<void> {
  await deploy(platform, "cold", { image: "still", annotations: quick })
  const latency = new Latency()
  let failed = 0
  for (let round = 0; round < rounds; round++) {
    await atZero(platform, "cold")
    const outcome = await allAtOnce([target(platform, "cold")])
    failed += outcome.failed
    latency.record(outcome.latency.max)
  }
  await remove(platform, "cold")
  report("cold-start", [{ name: "one, static binary", figures: { ...latency.summary(), failed } }])
  await manyCold(platform, few)
}

/** A hundred services cold at once: how long the last ones wait, and whether any is lost. */
export async function coldCrowd(platform: Platform): Promise<void> {
  await manyCold(platform, crowd)
}

/** So many services cold at once, one request each. */
async function manyCold(platform: Platform, together: number): Promise<void> {
  const names = Array.from({ length: together }, (_, index) => `cold-${together}-${index}`)
  let made = 0
  const maker = async (): Promise<void> => {
    while (made < together) await deploy(platform, names[made++] ?? "", { image: "still", annotations: lasting })
  }
  await Promise.all(Array.from({ length: makers }, maker))
  await Promise.all(names.map((name) => atZero(platform, name)))
  const before = spent(platform)
  const { latency, failed } = await allAtOnce(names.map((name) => target(platform, name)))
  const after = spent(platform)
  await Promise.all(names.map((name) => remove(platform, name)))
  const perStart = Object.entries(after).map(([name, micros]) => {
    return [name, Math.round((micros - (before[name] ?? 0)) / together / 1_000)] as const
  })
  const figures = { ...latency, failed, ...Object.fromEntries(perStart) }
  report("cold-start-together", [{ name: `${together} services at once`, figures }])
}

/** CPU that was used until now, by column of the report; the machine's is all of it: containers, this load and others' work. */
function spent({ controlPid }: Platform): Record<string, number> {
  return {
    "CPU ms a start": machineTime().used,
    "of it control": cpuMicros([controlPid]),
    "of it activators": cpuMicros(pidsOf("services/activator/src/main.ts")),
  }
}
