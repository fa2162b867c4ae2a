import { leanLoop, type Step, type StepOutcome } from "../lean-loop.ts"
import type { Target } from "../open-loop.ts"
import { atZero, deploy, type Platform, podsOf, remove, target } from "../platform.ts"
import { cpuMicros, pidsOf } from "../process-cost.ts"
import { type Row, report } from "../report.ts"

const name = "steady-load"
const perSecond = 1_000
const seconds = Number(process.env.STEADY_SECONDS ?? 300)
const peerSeconds = Math.min(seconds, 60)
const stepSeconds = 10
const stepsPerSecond = [100, 250, 500, 1_000, 1_500, 2_000, 2_500, 3_000]

/**
 * A function that takes 100 ms: 1,000 requests a second at one pod itself, which tells what the machine adds this hour; the
 * same through the gateway for five minutes; then from zero to 3,000 a second in steps.
 */
export async function steadyLoad(platform: Platform): Promise<void> {
  const peer = await atThePod(platform)
  await deploy(platform, name, { image: "slow", annotations: { window: "6s" } })
  const steady = await measured(target(platform, name), [{ perSecond, seconds }])
  await atZero(platform, name)
  const climb = await measured(
    target(platform, name),
    stepsPerSecond.map((rate) => ({ perSecond: rate, seconds: stepSeconds })),
  )
  await remove(platform, name)
  report("steady-load", [...peer, ...steady, ...climb])
}

async function atThePod(platform: Platform): Promise<Row[]> {
  const peer = `${name}-peer`
  await deploy(platform, peer, { image: "slow", annotations: { "min-scale": "1" } })
  const address = (await podsOf(platform, peer))[0]?.status?.podIP ?? ""
  const outcomes = await leanLoop({ address, port: 8080, host: address }, [{ perSecond, seconds: peerSeconds }])
  await remove(platform, peer)
  return outcomes.map(row).map((each) => ({ ...each, name: `direct, ${each.name}` }))
}

async function measured(target: Target, steps: readonly Step[]): Promise<Row[]> {
  const gateways = pidsOf("services/activator/src/main.ts")
  const [gatewayBefore, ownBefore] = [cpuMicros(gateways), process.cpuUsage()]
  const outcomes = await leanLoop(target, steps)
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
