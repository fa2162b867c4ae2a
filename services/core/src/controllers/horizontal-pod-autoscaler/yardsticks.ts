import type { Pod } from "@wick/sdk/api/core/pod"
import { milliUnits } from "@wick/sdk/api/meta/quantity"
import type { Yardstick } from "./per-pod-replicas.ts"

/** Against an amount per pod. */
export function averageAgainst(targetMilli: number): Yardstick<{ averageMilli: number }> {
  return {
    ratio: (values) => {
      const averageMilli = Math.trunc(total(values.values()) / values.size)
      return { ratio: averageMilli / targetMilli, seen: { averageMilli } }
    },
    cautious: () => targetMilli,
  }
}

export interface Utilization {
  readonly percent: number
  readonly averageMilli: number
}

/** Against percent of what the pods requested: the sum of use over the sum of requests. */
export function utilizationAgainst(
  targetPercent: number,
  requests: ReadonlyMap<string, number>,
): Yardstick<Utilization> {
  return {
    ratio: (values) => {
      const measured = [...values].filter(([pod]) => requests.has(pod))
      const requested = total(measured.map(([pod]) => requests.get(pod) ?? 0))
      if (requested === 0) return "no metrics returned matched known pods"
      const used = total(measured.map(([, milli]) => milli))
      const percent = Math.trunc((used * 100) / requested)
      return { ratio: percent / targetPercent, seen: { percent, averageMilli: Math.trunc(used / measured.length) } }
    },
    cautious: (pod) => Math.trunc(((requests.get(pod) ?? 0) * Math.max(100, targetPercent)) / 100),
  }
}

/** What each pod requests, in thousandths: as a whole, or one container of it. A text when one does not say. */
export function requestsOf(
  pods: readonly Pod[],
  resource: string,
  container: string | undefined,
): Map<string, number> | string {
  const requests = new Map<string, number>()
  for (const { metadata, spec } of pods) {
    const whole = container === undefined ? spec.resources?.requests?.[resource] : undefined
    if (whole !== undefined) {
      requests.set(metadata.name, milliUnits(whole))
      continue
    }
    const sidecars = (spec.initContainers ?? []).filter(({ restartPolicy }) => restartPolicy === "Always")
    let sum = 0
    for (const { name, resources } of [...spec.containers, ...sidecars]) {
      if (container !== undefined && container !== name) continue
      const request = resources?.requests?.[resource]
      if (request === undefined) return `missing request for ${resource} in container ${name} of Pod ${metadata.name}`
      sum += milliUnits(request)
    }
    requests.set(metadata.name, sum)
  }
  return requests
}

function total(values: Iterable<number>): number {
  let sum = 0
  for (const value of values) sum += value
  return sum
}
