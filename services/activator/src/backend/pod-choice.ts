import type { Random } from "@wick/sdk/clock"

export interface Loaded {
  readonly inFlight: number
}

/**
 * Least-loaded of two picked by chance (power of two choices): nearly as even as looking at all, without herding onto
 * the newest pod. `limit` 0 means that a pod takes any number.
 */
export function choosePod<Pod extends Loaded>(pods: readonly Pod[], limit: number, random: Random): Pod | undefined {
  const count = pods.length
  if (count === 0) return undefined
  if (count === 1) return room(pods[0], limit)
  const first = random.below(count)
  let second = random.below(count - 1)
  if (second >= first) second++
  const lighter = lessLoaded(pods[first], pods[second])
  if (limit === 0 || room(lighter, limit) !== undefined) return lighter
  // Both are full: with a limit nobody may wait while any pod is free, so look at all.
  return room(pods.reduce<Pod | undefined>(lessLoaded, undefined), limit)
}

function lessLoaded<Pod extends Loaded>(one: Pod | undefined, other: Pod | undefined): Pod | undefined {
  if (one === undefined) return other
  if (other === undefined) return one
  return other.inFlight < one.inFlight ? other : one
}

function room<Pod extends Loaded>(pod: Pod | undefined, limit: number): Pod | undefined {
  return pod !== undefined && (limit === 0 || pod.inFlight < limit) ? pod : undefined
}
