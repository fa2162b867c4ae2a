import type { Pod } from "@wick/sdk/api/core/pod"
import { type Labels, matches } from "@wick/sdk/api/meta/label-selector"
import type { NodeState } from "../snapshot.ts"
import { type Filter, fits, type Score } from "./plugin.ts"
import type { Placed } from "./pod-affinity.ts"

type Constraint = NonNullable<Pod["spec"]["topologySpreadConstraints"]>[number]

const refusal = ["node(s) didn't match pod topology spread constraints"]
const missingLabel = ["node(s) didn't match pod topology spread constraints (missing required label)"]

function placeOf({ node }: NodeState, { topologyKey }: Constraint): string | undefined {
  return node.metadata.labels?.[topologyKey]
}

/** How many pods that a constraint counts there are at each of its places; a place without any counts too. */
function counts(constraint: Constraint, pod: Pod, placed: readonly Placed[], nodes: readonly NodeState[]) {
  const found = new Map(nodes.flatMap((node) => placeOf(node, constraint) ?? []).map((place) => [place, 0]))
  const { labelSelector } = constraint
  if (!labelSelector) return found
  for (const { pod: other, node } of placed) {
    const place = placeOf(node, constraint)
    const counted =
      other.metadata.namespace === pod.metadata.namespace &&
      matches(labelSelector, (other.metadata.labels ?? {}) as Labels)
    if (place !== undefined && counted) found.set(place, (found.get(place) ?? 0) + 1)
  }
  return found
}

/** Places where the pod would be one more than allowed beyond the emptiest. */
export function topologySpread(pod: Pod, placed: readonly Placed[], nodes: readonly NodeState[]): Filter[] {
  const strict = (pod.spec.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === "DoNotSchedule",
  )
  return strict.map((constraint): Filter => {
    const places = counts(constraint, pod, placed, nodes)
    const isFew = places.size < (constraint.minDomains ?? 1)
    const least = isFew ? 0 : Math.min(...places.values())
    const { labelSelector } = constraint
    const self = labelSelector && matches(labelSelector, (pod.metadata.labels ?? {}) as Labels) ? 1 : 0
    return (_, node) => {
      const place = placeOf(node, constraint)
      if (place === undefined) return missingLabel
      return (places.get(place) ?? 0) + self - least > constraint.maxSkew ? refusal : fits
    }
  })
}

/** Rather where fewer of its like are. */
export function spreadPreference(pod: Pod, placed: readonly Placed[], nodes: readonly NodeState[]): Score | undefined {
  const soft = (pod.spec.topologySpreadConstraints ?? []).filter(
    ({ whenUnsatisfiable }) => whenUnsatisfiable === "ScheduleAnyway",
  )
  if (soft.length === 0) return undefined
  const counted = soft.map((constraint) => ({ constraint, places: counts(constraint, pod, placed, nodes) }))
  const load = (node: NodeState): number =>
    counted.reduce((sum, { constraint, places }) => sum + (places.get(placeOf(node, constraint) ?? "") ?? 0), 0)
  const most = Math.max(...nodes.map(load))
  return (_, node) => (most === 0 ? 0 : (100 * (most - load(node))) / most)
}
