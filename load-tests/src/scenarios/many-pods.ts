import { type KeptMemory, keptMemory, memoryFigures, memoryOfEach } from "../kept-memory.ts"
import { atZero, deploy, type Platform, remove } from "../platform.ts"
import { cpuMicros, pidsOf } from "../process-cost.ts"
import { type Row, report } from "../report.ts"

const few = 10
/** A node takes 110. */
const many = Number(process.env.PODS ?? 100)
/** One service's: as many as start well within the time that a service may take to be ready. */
const podsEach = 10
/** What was needed for the making alone is let go by then, as `many-services` has it. */
const settleMs = 200_000
/** How long it is looked at what rest costs. */
const restMs = 30_000

/** What a running pod costs Wick: its control process and its activators, without the pod itself, its shim and containerd. */
export async function manyPods(platform: Platform): Promise<void> {
  try {
    await run(platform, 0, few)
    await keptMemory(processes(platform))
    const first = await measure(platform, few)
    const startedAt = performance.now()
    await run(platform, few, many)
    const seconds = (performance.now() - startedAt) / 1_000
    const last = await measure(platform, many)
    const added = many - few
    const each = {
      "ready a second": Math.round((added / seconds) * 10) / 10,
      ...memoryOfEach(first.memory, last.memory, added),
    }
    report("many-pods", [first.row, { name: last.row.name, figures: { ...last.row.figures, ...each } }])
  } finally {
    const names = namesOf(0, many)
    await Promise.all(names.map((name) => remove(platform, name).catch(() => {})))
    await Promise.all(names.map((name) => atZero(platform, name)))
  }
}

async function run(platform: Platform, from: number, to: number): Promise<void> {
  const annotations = { "min-scale": String(podsEach), "max-scale": String(podsEach) }
  for (const name of namesOf(from, to)) await deploy(platform, name, { image: "still", annotations })
}

/** Of the services whose pods are those numbers. */
function namesOf(from: number, to: number): string[] {
  return Array.from({ length: (to - from) / podsEach }, (_, at) => `pods-${from / podsEach + at}`)
}

/** Those of Wick that know pods, without what containerd has. */
function processes({ controlPid }: Platform): number[] {
  return [controlPid, ...pidsOf("services/activator/src/main.ts")]
}

async function measure(platform: Platform, count: number): Promise<{ row: Row; memory: KeptMemory }> {
  const pids = processes(platform)
  await new Promise((resolve) => setTimeout(resolve, settleMs))
  const cpuBefore = cpuMicros(pids)
  await new Promise((resolve) => setTimeout(resolve, restMs))
  const restCpu = (cpuMicros(pids) - cpuBefore) / restMs / 10
  const memory = await keptMemory(pids)
  const figures = { ...memoryFigures(memory), "CPU at rest %": Math.round(restCpu * 100) / 100 }
  return { row: { name: `${count} pods`, figures }, memory }
}
