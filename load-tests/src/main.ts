import { homeDirectory, running } from "@wick/sdk/home"
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
import { halfLoad } from "./scenarios/half-load.ts"
import { hostileClients } from "./scenarios/hostile-clients.ts"
import { idle } from "./scenarios/idle.ts"
import { manyPods } from "./scenarios/many-pods.ts"
import { manyServices } from "./scenarios/many-services.ts"
import { rolling } from "./scenarios/rolling.ts"
import { scaleOut } from "./scenarios/scale-out.ts"
import { steadyLoad } from "./scenarios/steady-load.ts"
import { warm } from "./scenarios/warm.ts"
import { websockets } from "./scenarios/websockets.ts"

type Scenario = readonly [summary: string, run: (platform: Platform) => Promise<void>]

const scenarios: Readonly<Record<string, Scenario>> = {
  idle: ["what the platform's processes cost when nothing is asked of them", idle],
  "cold-start": ["one service from zero, and 20 at once", coldStart],
  "cold-crowd": ["100 services from zero at once", coldCrowd],
  warm: ["a warm request, beside HAProxy, a bare gateway on Node and the pod itself", warm],
  "half-load": ["latency at half of what the activator can do, beside the same three", halfLoad],
  activators: [
    "warm requests through as many activators as there are; ACTIVATOR_CPU_PERCENT=20 holds each",
    activators,
  ],
  websockets: ["10,000 upgraded connections that say nothing", websockets],
  "burst-from-zero": ["300 requests at once to a service at zero", burstFromZero],
  "scale-out": ["100 clients on a 100 ms function: from one pod to ten", scaleOut],
  churn: ["service applied until it is ready; object created until a watch tells", churn],
  rolling: ["from revision to revision under 500 requests/s", rolling],
  "steady-load": [
    "1,000 requests/s for STEADY_SECONDS=300 beside the pod itself, then from zero to 3,000/s",
    steadyLoad,
  ],
  "hostile-clients": ["clients that are slow, deaf, greedy or broken", hostileClients],
  "many-services": ["SERVICES=1000 at zero, against 10", manyServices],
  "many-pods": ["what each of PODS=100 running pods costs Wick", manyPods],
  chaos: ["CHAOS_ROUNDS=10 times each process killed in turn; needs wick up --activators 2", chaos],
  api: ["GET, LIST and CREATE over HTTPS", api],
  "api-watch": ["a thousand watches, and 100,000 objects", apiWatch],
  "api-fan-out": ["an event that a thousand follow", apiFanOut],
  "api-overload": ["small requests while others list 50,000 objects, or have stopped reading", apiOverload],
  "api-writes": ["GET under 1,000 writes/s", apiWrites],
}

const usage = `usage: npm run load -- SCENARIO...     against the Wick that runs; figures go to load-tests/results too

${Object.entries(scenarios)
  .map(([name, [summary]]) => `  ${name.padEnd(17)}${summary}\n`)
  .join("")}`

const names = process.argv.slice(2)
const unknown = names.find((name) => !scenarios[name])
if (names.length === 0 || unknown) refuse(`${unknown ? `error: there is no scenario ${unknown}\n` : ""}${usage}`, 2)
const home = homeDirectory(process.env)
if (!running(home)) refuse(`error: no Wick runs from ${home}\ntry:   npm start\n`, 1)
const platform = await openPlatform(process.env)
await pushImages(platform)
for (const name of names) await scenarios[name]?.[1](platform)
process.exit()

function refuse(text: string, code: number): never {
  process.stderr.write(text)
  process.exit(code)
}
