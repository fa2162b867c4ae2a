import { openPlatform, type Platform, pushImages } from "./platform.ts"
import { activators } from "./scenarios/activators.ts"
import { api } from "./scenarios/api.ts"
import { apiFanOut } from "./scenarios/api-fan-out.ts"
import { apiOverload } from "./scenarios/api-overload.ts"
import { apiWatch } from "./scenarios/api-watch.ts"
import { apiWrites } from "./scenarios/api-writes.ts"
import { burstFromZero } from "./scenarios/burst-from-zero.ts"
import { chaos } from "./scenarios/chaos.ts"
import { churn } from "./scenarios/churn.ts"
import { coldCrowd, coldStart } from "./scenarios/cold-start.ts"
import { hostileClients } from "./scenarios/hostile-clients.ts"
import { idle } from "./scenarios/idle.ts"
import { manyPods } from "./scenarios/many-pods.ts"
import { manyServices } from "./scenarios/many-services.ts"
import { rolling } from "./scenarios/rolling.ts"
import { scaleOut } from "./scenarios/scale-out.ts"
import { steadyLoad } from "./scenarios/steady-load.ts"
import { warm } from "./scenarios/warm.ts"
import { websockets } from "./scenarios/websockets.ts"

const scenarios: Record<string, (platform: Platform) => Promise<void>> = {
  idle,
  "cold-start": coldStart,
  "cold-crowd": coldCrowd,
  warm,
  activators,
  websockets,
  "burst-from-zero": burstFromZero,
  "scale-out": scaleOut,
  churn,
  rolling,
  "steady-load": steadyLoad,
  "hostile-clients": hostileClients,
  "many-services": manyServices,
  "many-pods": manyPods,
  chaos,
  api,
  "api-watch": apiWatch,
  "api-fan-out": apiFanOut,
  "api-overload": apiOverload,
  "api-writes": apiWrites,
}

const names = process.argv.slice(2)
const unknown = names.find((name) => !scenarios[name])
if (names.length === 0 || unknown) {
  process.stderr.write(`${unknown ? `unknown scenario ${unknown}\n` : ""}usage: npm run load -- SCENARIO...\n`)
  process.stderr.write(`scenarios: ${Object.keys(scenarios).join(", ")}\n`)
  process.exit(2)
}
const platform = await openPlatform(process.env)
await pushImages(platform)
for (const name of names) await scenarios[name]?.(platform)
process.exit()
