import { openLoopUntil } from "../open-loop.ts"
import { atZero, deploy, type Platform, podsOf, remove, roll, target } from "../platform.ts"
import { report } from "../report.ts"

const name = "rolling"
const rolls = 20
const perSecond = 500
/** After each roll the old revision is scaled in and the new one out; the next roll begins in the middle of it. */
const betweenMs = 3_000

/**
 * From revision to revision, twenty times, under 500 requests a second that do not wait for anybody: no request may fail.
 * One pod is to take 150 requests a second, so each new revision is scaled out from one pod to four while the old one is
 * taken in; and every other one begins with three.
 */
export async function rolling(platform: Platform): Promise<void> {
  const scaling = (at: number) => ({
    metric: "rps",
    target: "150",
    "target-utilization-percentage": "100",
    window: "6s",
    "initial-scale": at % 2 === 0 ? "1" : "3",
  })
  await deploy(platform, name, { image: "fast", annotations: scaling(0) })
  const ended = new AbortController()
  const load = openLoopUntil(target(platform, name), perSecond, ended.signal)
  let podsMost = 0
  const took: number[] = []
  try {
    for (let at = 1; at <= rolls; at++) {
      await new Promise((resolve) => setTimeout(resolve, betweenMs))
      const startedAt = performance.now()
      await roll(platform, name, at, scaling(at))
      took.push(performance.now() - startedAt)
      podsMost = Math.max(podsMost, (await podsOf(platform, name)).length)
    }
    await new Promise((resolve) => setTimeout(resolve, betweenMs))
  } finally {
    ended.abort()
  }
  const { latency, byStatus, failed, failures } = await load
  await remove(platform, name)
  await atZero(platform, name)
  for (const { why, sentMs, endedMs } of failures.slice(0, 20)) {
    process.stdout.write(`failed after ${Math.round(endedMs - sentMs)} ms: ${why}\n`)
  }
  const slowestRoll = Math.round(Math.max(...took))
  const figures = {
    ...latency,
    ok: byStatus[200] ?? 0,
    failed,
    "pods at most": podsMost,
    "slowest roll ms": slowestRoll,
  }
  report("rolling", [{ name: `${rolls} rolls at ${perSecond}/s`, figures }])
}
