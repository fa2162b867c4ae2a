import { openLoop } from "../open-loop.ts"
import { deploy, type Platform, remove, target } from "../platform.ts"
import { cpuMicros, pidsOf, residentBytes } from "../process-cost.ts"
import { report } from "../report.ts"
import { openUpgraded } from "../upgraded-connections.ts"

const connections = 10_000
const besidePerSecond = 100
const besideSeconds = 10
const idleSeconds = 10

/** Upgraded connections that say nothing: what they cost the gateways, and whether other requests feel them. */
export async function websockets(platform: Platform): Promise<void> {
  await deploy(platform, "upgrade", { image: "upgrade", annotations: { "min-scale": "1", "max-scale": "1" } })
  const gateways = pidsOf("services/activator/src/main.ts")
  const before = residentBytes(gateways)
  const opened = await openUpgraded(target(platform, "upgrade"), connections)
  const cpuBefore = cpuMicros(gateways)
  await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1_000))
  const idlePercent = ((cpuMicros(gateways) - cpuBefore) / (idleSeconds * 1_000_000)) * 100
  const beside = await openLoop(target(platform, "upgrade"), besidePerSecond, besideSeconds)
  const each = (residentBytes(gateways) - before) / opened.open
  report("websockets", [
    {
      name: `${connections} that idle`,
      figures: {
        open: opened.open,
        failed: opened.failed,
        alive: opened.alive(),
        "KiB each": Math.round(each / 1024),
        "CPU % of the gateways": idlePercent.toFixed(2),
      },
    },
    { name: `${besidePerSecond}/s beside them`, figures: { ...beside.latency, failed: beside.failed } },
  ])
  opened.close()
  await remove(platform, "upgrade")
}
