import { Latency } from "../latency.ts"
import { allAtOnce } from "../open-loop.ts"
import { atZero, deploy, type Platform, remove, target } from "../platform.ts"
import { report } from "../report.ts"

const rounds = 15
const few = 20
const crowd = 100
/** Services that are made, and removed, at a time. */
const makers = 4
const quick = { window: "6s", "initial-scale": "1" }

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
  const names = Array.from({ length: together }, (_, index) => `cold-${index}`)
  let made = 0
  const maker = async (): Promise<void> => {
    while (made < together) await deploy(platform, names[made++] ?? "", { image: "still", annotations: quick })
  }
  await Promise.all(Array.from({ length: makers }, maker))
  await Promise.all(names.map((name) => atZero(platform, name)))
  const { latency, failed } = await allAtOnce(names.map((name) => target(platform, name)))
  await Promise.all(names.map((name) => remove(platform, name)))
  report("cold-start-together", [{ name: `${together} services at once`, figures: { ...latency, failed } }])
}
