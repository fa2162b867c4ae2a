import { allAtOnce, openLoop } from "../open-loop.ts"
import { atZero, deploy, type Platform, remove, target } from "../platform.ts"
import { report } from "../report.ts"

const requests = 300
const steadyPerSecond = 200
const steadySeconds = 5

/** Many requests at once to one service at zero: every one is answered. */
export async function burstFromZero(platform: Platform): Promise<void> {
  await deploy(platform, "burst", { image: "slow", annotations: { window: "6s" } })
  await atZero(platform, "burst")
  const targets = Array.from({ length: requests }, () => target(platform, "burst"))
  const { latency, failed } = await allAtOnce(targets)
  const steady = await openLoop(target(platform, "burst"), steadyPerSecond, steadySeconds)
  await remove(platform, "burst")
  report("burst-from-zero", [
    { name: `${requests} at once`, figures: { ...latency, failed } },
    { name: `then ${steadyPerSecond}/s, open loop`, figures: { ...steady.latency, failed: steady.failed } },
  ])
}
