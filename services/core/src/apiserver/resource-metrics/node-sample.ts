import type { Reading } from "./usage.ts"

/** All readings of one node. */
export interface NodeSample {
  readonly takenAtMs: number
  readonly node: Reading | undefined
  /** By `namespace/pod/container`. */
  readonly containers: ReadonlyMap<string, Reading>
}

interface Figures {
  readonly startTime?: string
  readonly cpu?: { readonly time?: string; readonly usageCoreNanoSeconds?: number }
  readonly memory?: { readonly workingSetBytes?: number }
}

interface Summary {
  readonly node?: Figures
  readonly pods?: readonly {
    readonly podRef: { readonly name: string; readonly namespace: string }
    readonly containers?: readonly (Figures & { readonly name: string })[]
  }[]
}

/** Pure: a kubelet's `/stats/summary` as readings; what lacks a figure is left out. */
export function readSummary(summary: Summary, takenAtMs: number): NodeSample {
  const containers = new Map<string, Reading>()
  for (const { podRef, containers: figures = [] } of summary.pods ?? []) {
    for (const each of figures) {
      const reading = readingOf(each, each.startTime)
      if (reading) containers.set(`${podRef.namespace}/${podRef.name}/${each.name}`, reading)
    }
  }
  return { takenAtMs, node: summary.node && readingOf(summary.node, undefined), containers }
}

function readingOf({ cpu, memory }: Figures, startTime: string | undefined): Reading | undefined {
  const atMs = Date.parse(cpu?.time ?? "")
  const cpuNs = cpu?.usageCoreNanoSeconds
  const memoryBytes = memory?.workingSetBytes
  if (Number.isNaN(atMs) || cpuNs === undefined || memoryBytes === undefined) return undefined
  const startedAtMs = Date.parse(startTime ?? "")
  return { atMs, cpuNs, memoryBytes, ...(!Number.isNaN(startedAtMs) && { startedAtMs }) }
}
