import { Latency } from "../latency.ts"
import { allAtOnce } from "../open-loop.ts"
import { atZero, deploy, type Platform, remove, target } from "../platform.ts"
import { report } from "../report.ts"

const rounds = 15
const together = 20
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
  await manyCold(platform)
}

/** Twenty services cold at once, one request each. */
async function manyCold(platform: Platform): Promise<void> {
  const names = Array.from({ length: together }, (_, index) => `cold-${index}`)
  for (const name of names) await deploy(platform, name, { image: "still", annotations: quick })
  await Promise.all(names.map((name) => atZero(platform, name)))
  const { latency, failed } = await allAtOnce(names.map((name) => target(platform, name)))
  await Promise.all(names.map((name) => remove(platform, name)))
  report("cold-start-together", [{ name: `${together} services at once`, figures: { ...latency, failed } }])
}
