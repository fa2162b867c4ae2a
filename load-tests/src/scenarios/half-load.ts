import { leanLoop } from "../lean-loop.ts"
import { deploy, type Platform, remove } from "../platform.ts"
import { cpuMicros } from "../process-cost.ts"
import { type Measured, medians, report } from "../report.ts"
import { openWays, type Way, wrkTarget } from "../ways.ts"
import { wrk } from "../wrk.ts"

const name = "half-load"
const seconds = 5
const rounds = 3
const warmUpSeconds = 5
/** At these the activator does what it can. */
const fullConnections = 100
/** Later than this the pod alone, on these cores beside the one that asks, is behind: nothing can be said of a proxy. */
const podP99MsMax = 10
const lessEachTime = 0.8
const triesMax = 6

/**
 * What a proxy adds to a request when it has half of its most to do, or what the pod itself stands when that is less: the
 * same requests a second, each at its own moment, to the pod and through each proxy in turn. Medians of the rounds.
 */
export async function halfLoad(platform: Platform): Promise<void> {
  await deploy(platform, name, { image: "fast", annotations: { "min-scale": "1", "max-scale": "1" } })
  await using ways = await openWays(platform, name)
  for (const way of ways.all) await wrk({ ...wrkTarget(way), connections: fullConnections, seconds: warmUpSeconds })
  const full = await wrk({ ...wrkTarget(ways.activator), connections: fullConnections, seconds })
  const perSecond = await stoodBy(ways.direct, full.requestsPerSecond / 2)
  const rows: Measured[] = []
  for (let round = 0; round < rounds; round++) for (const way of ways.all) rows.push(await through(way, perSecond))
  await remove(platform, name)
  report(name, medians(rows))
}

/** The first of `perSecond` and less that the pod answers in time. */
async function stoodBy(direct: Way, perSecond: number): Promise<number> {
  let rate = Math.round(perSecond)
  for (let tried = 1; tried < triesMax; tried++, rate = Math.round(rate * lessEachTime)) {
    const [outcome] = await leanLoop(direct.target, [{ perSecond: rate, seconds, evenly: true }])
    if (outcome?.failed === 0 && outcome.latency.p99 <= podP99MsMax) break
  }
  return rate
}

async function through({ name, target, pids }: Way, perSecond: number): Promise<Measured> {
  const before = cpuMicros(pids)
  const [outcome] = await leanLoop(target, [{ perSecond, seconds, evenly: true }])
  if (!outcome) throw new Error("one step has one outcome")
  const { latency, failed } = outcome
  const cpu = Math.round((cpuMicros(pids) - before) / latency.count)
  return { name: `${name}, ${perSecond}/s`, figures: { ...latency, failed, "CPU us/request": cpu } }
}
