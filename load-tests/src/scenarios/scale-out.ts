import { closedLoop } from "../open-loop.ts"
import { atZero, deploy, type Platform, podsOf, remove, target } from "../platform.ts"
import { report } from "../report.ts"

const clients = 100
const podsWanted = 10
const checkEveryMs = 50
const settleMs = 30_000
const slowMs = 300

/**
 * 100 clients on a 100 ms function with concurrency 10, from one pod: how soon ten pods are ready, and who suffers. All who wait
 * do so in the first second, so the percentiles are those of the half minute that the clients stay, and the number is told too.
 */
export async function scaleOut(platform: Platform): Promise<void> {
  const annotations = { target: "10", "target-utilization-percentage": "100", "min-scale": "1", window: "6s" }
  await deploy(platform, "scale", { image: "slow", annotations, containerConcurrency: 10 })
  const ended = new AbortController()
  const startedAt = performance.now()
  const load = closedLoop(target(platform, "scale"), clients, ended.signal)
  const reachedAt = await readyPods(platform, podsWanted)
  await new Promise((resolve) => setTimeout(resolve, settleMs))
  ended.abort()
  const { latency, failed, over } = await load
  await remove(platform, "scale")
  await atZero(platform, "scale")
  const figures = {
    "1 to 10 pods ms": Math.round(reachedAt - startedAt),
    ...latency,
    [`over ${slowMs} ms`]: over(slowMs),
    failed,
  }
  report("scale-out", [{ name: `${clients} clients`, figures }])
}

async function readyPods(platform: Platform, wanted: number): Promise<number> {
  for (;;) {
    const pods = await podsOf(platform, "scale")
    const ready = pods.filter(({ status }) =>
      status?.conditions?.some((it) => it.type === "Ready" && it.status === "True"),
    )
    if (ready.length >= wanted) return performance.now()
    await new Promise((resolve) => setTimeout(resolve, checkEveryMs))
  }
}
