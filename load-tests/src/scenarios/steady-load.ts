import { leanLoop, type Step, type StepOutcome } from "../lean-loop.ts"
import { atZero, deploy, type Platform, remove, target } from "../platform.ts"
import { cpuMicros, pidsOf } from "../process-cost.ts"
import { type Row, report } from "../report.ts"

const name = "steady-load"
const perSecond = 1_000
const seconds = Number(process.env.STEADY_SECONDS ?? 300)
const stepSeconds = 10
const stepsPerSecond = [100, 250, 500, 1_000, 1_500, 2_000, 2_500, 3_000]

/** A function that takes 100 ms: 1,000 requests a second for five minutes; then from zero to 3,000 a second in steps. */
export async function steadyLoad(platform: Platform): Promise<void> {
  await deploy(platform, name, { image: "slow", annotations: { window: "6s" } })
  const steady = await measured(platform, [{ perSecond, seconds }])
  await atZero(platform, name)
  const climb = await measured(
    platform,
    stepsPerSecond.map((rate) => ({ perSecond: rate, seconds: stepSeconds })),
  )
  await remove(platform, name)
  report("steady-load", [...steady, ...climb])
}

async function measured(platform: Platform, steps: readonly Step[]): Promise<Row[]> {
  const gateways = pidsOf("services/activator/src/main.ts")
  const [gatewayBefore, ownBefore] = [cpuMicros(gateways), process.cpuUsage()]
  const outcomes = await leanLoop(target(platform, name), steps)
  const requests = outcomes.reduce((sum, { latency }) => sum + latency.count, 0)
  const own = process.cpuUsage(ownBefore)
  const costs = {
    "CPU of gateways us/request": Math.round((cpuMicros(gateways) - gatewayBefore) / requests),
    "of the load": Math.round((own.user + own.system) / requests),
  }
  for (const why of outcomes.flatMap(({ failures }) => failures)) process.stdout.write(`failed: ${why}\n`)
  const rows = outcomes.map(row)
  return rows.map((each, at) => (at === rows.length - 1 ? { ...each, figures: { ...each.figures, ...costs } } : each))
}

function row({ step, latency, failed }: StepOutcome): Row {
  return { name: `${step.perSecond}/s for ${step.seconds} s`, figures: { ...latency, failed } }
}
