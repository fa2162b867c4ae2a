import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Service } from "@wick/sdk/api/serving/service"
import { type KeptMemory, keptMemory, memoryFigures, memoryOfEach } from "../kept-memory.ts"
import { Latency } from "../latency.ts"
import { allAtOnce } from "../open-loop.ts"
import { atZero, deploy, namespace, type Platform, remove, target } from "../platform.ts"
import { cpuMicros, pidsOf } from "../process-cost.ts"
import { type Row, report } from "../report.ts"

const few = 10
const many = Number(process.env.SERVICES ?? 1_000)
/** Services that are made, and removed, at a time. */
const together = 8
const samples = 10
/** What was needed for the making alone is let go by then: events for watches that come back are kept for 150 s, then the heap settles. */
const settleMs = 200_000
/** How long it is looked at what rest costs. */
const restMs = 30_000

/** Nobody asks: deployed without a pod, and at zero soon after one was needed. */
const atRest = { image: "still", annotations: { "initial-scale": "0", window: "6s" } }
const zeroAllowed = { name: "config-autoscaler", namespace: "knative-serving" }

const nameOf = (index: number): string => `many-${index}`

/** Whether one among a thousand services is listed, described, routed and lit as soon as one of ten, and what each costs. */
export async function manyServices(platform: Platform): Promise<void> {
  const { client } = platform
  await client.patch(ConfigMap, zeroAllowed, { type: "merge", body: { data: { "allow-zero-initial-scale": "true" } } })
  try {
    await make(platform, 0, few)
    await keptMemory(processes(platform))
    const first = await measure(platform, few)
    const startedAt = performance.now()
    const cpuBefore = cpuMicros(processes(platform))
    await make(platform, few, many)
    const seconds = (performance.now() - startedAt) / 1_000
    const cpu = cpuMicros(processes(platform)) - cpuBefore
    const last = await measure(platform, many)
    const made = {
      "Ready a second": Math.round((many - few) / seconds),
      "CPU ms each": Math.round(cpu / (many - few) / 1_000),
      ...memoryOfEach(first.memory, last.memory, many - few),
    }
    report("many-services", [first.row, { name: last.row.name, figures: { ...last.row.figures, ...made } }])
  } finally {
    await inTurns(0, many, (index) => remove(platform, nameOf(index)).catch(() => {}))
    const body = { data: { "allow-zero-initial-scale": null } }
    await client.patch(ConfigMap, zeroAllowed, { type: "merge", body })
  }
}

/** Those of Wick that know services: containerd does not. */
function processes({ controlPid }: Platform): number[] {
  return [controlPid, ...pidsOf("services/activator/src/main.ts")]
}

function make(platform: Platform, from: number, to: number): Promise<void> {
  return inTurns(from, to, async (index) => {
    await deploy(platform, nameOf(index), atRest)
  })
}

async function inTurns(from: number, to: number, action: (index: number) => Promise<void>): Promise<void> {
  let next = from
  const worker = async (): Promise<void> => {
    while (next < to) await action(next++)
  }
  await Promise.all(Array.from({ length: together }, worker))
}

async function measure(platform: Platform, count: number): Promise<{ row: Row; memory: KeptMemory }> {
  await new Promise((resolve) => setTimeout(resolve, settleMs))
  const cpuBefore = cpuMicros(processes(platform))
  await new Promise((resolve) => setTimeout(resolve, restMs))
  const restCpu = (cpuMicros(processes(platform)) - cpuBefore) / restMs / 10
  const memory = await keptMemory(processes(platform))
  const { client } = platform
  const [list, describe, cold] = [new Latency(), new Latency(), new Latency()]
  let failed = 0
  for (let sample = 0; sample < samples; sample++) {
    const name = nameOf(Math.floor((sample * count) / samples))
    await timed(list, () => client.list(Service, { namespace, limit: 10 }))
    await timed(describe, () => client.get(Service, { name, namespace }))
    const outcome = await allAtOnce([target(platform, name)])
    failed += outcome.failed
    cold.record(outcome.latency.max)
  }
  for (let sample = 0; sample < samples; sample++) {
    await atZero(platform, nameOf(Math.floor((sample * count) / samples)))
  }
  const figures = {
    "list of 10 p50": list.summary().p50,
    "get p50": describe.summary().p50,
    "cold start p50": cold.summary().p50,
    "cold start max": cold.summary().max,
    "CPU at rest %": Math.round(restCpu * 100) / 100,
    ...memoryFigures(memory),
    failed,
  }
  return { row: { name: `${count} services`, figures }, memory }
}

async function timed(latency: Latency, action: () => Promise<unknown>): Promise<void> {
  const startedAt = performance.now()
  await action()
  latency.record(performance.now() - startedAt)
}
