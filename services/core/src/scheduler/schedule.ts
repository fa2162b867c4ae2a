import type { Random } from "@wick/sdk/clock"
import { imageLocality } from "./plugins/image-locality.ts"
import { nodeAffinity, nodePreference } from "./plugins/node-affinity.ts"
import { nodeName } from "./plugins/node-name.ts"
import { nodePorts } from "./plugins/node-ports.ts"
import { balancedAllocation, leastAllocated, nodeResources } from "./plugins/node-resources.ts"
import { nodeUnschedulable } from "./plugins/node-unschedulable.ts"
import type { Filter, Score } from "./plugins/plugin.ts"
import { podAffinity, podPreference } from "./plugins/pod-affinity.ts"
import { taintPreference, taintToleration } from "./plugins/taint-toleration.ts"
import { spreadPreference, topologySpread } from "./plugins/topology-spread.ts"
import type { PodNeeds } from "./pod-needs.ts"
import type { NodeState, Snapshot } from "./snapshot.ts"

export type Decision =
  | { readonly kind: "bound"; readonly node: string }
  | { readonly kind: "unschedulable"; readonly message: string }

/** Asked in this order; the first that refuses a node says why, so cheap and telling ones come first. */
const filters: readonly Filter[] = [
  nodeUnschedulable,
  nodeName,
  taintToleration,
  nodeAffinity,
  nodePorts,
  nodeResources,
]

/** Weights as in Kubernetes: what a user said counts more than what we guess. */
const scores: readonly { readonly score: Score; readonly weight: number }[] = [
  { score: taintPreference, weight: 3 },
  { score: nodePreference, weight: 2 },
  { score: leastAllocated, weight: 1 },
  { score: balancedAllocation, weight: 1 },
  { score: imageLocality, weight: 1 },
]

/** The node that suits the pod best, by its `own` filters too; one of the best by chance, so that equal nodes fill evenly. */
export function schedule(needs: PodNeeds, snapshot: Snapshot, random: Random, own: readonly Filter[] = []): Decision {
  const all = [...snapshot.nodes()]
  const { pod } = needs
  // Most pods mind no others, and no others mind them: then nobody looks through all that are placed.
  const minds = needs.mindsOthers || snapshot.isMinded
  const placed = minds ? snapshot.placed() : []
  const relative = minds ? [...podAffinity(pod, placed), ...topologySpread(pod, placed, all)] : []
  const feasible: NodeState[] = []
  const refusals = new Map<string, number>()
  for (const node of all) {
    const reasons = refusalOf(needs, node, [...own, ...relative])
    if (reasons.length === 0) feasible.push(node)
    for (const reason of reasons) refusals.set(reason, (refusals.get(reason) ?? 0) + 1)
  }
  if (feasible.length === 0) return { kind: "unschedulable", message: explain(snapshot.nodeCount, refusals) }
  if (feasible.length === 1) return { kind: "bound", node: (feasible[0] as NodeState).name }
  const others = needs.prefersOthers ? snapshot.placed() : []
  const preferences = [
    { score: podPreference(pod, others, feasible), weight: 2 },
    { score: spreadPreference(pod, others, feasible), weight: 2 },
  ]
  return { kind: "bound", node: best(needs, feasible, preferences, random).name }
}

function refusalOf(needs: PodNeeds, node: NodeState, own: readonly Filter[]): readonly string[] {
  for (const filter of [...filters, ...own]) {
    const reasons = filter(needs, node)
    if (reasons.length > 0) return reasons
  }
  return []
}

interface Weighted {
  readonly score: Score | undefined
  readonly weight: number
}

function best(
  needs: PodNeeds,
  feasible: readonly NodeState[],
  preferences: readonly Weighted[],
  random: Random,
): NodeState {
  const all: readonly Weighted[] = [...scores, ...preferences]
  let highest = -1
  let winners: NodeState[] = []
  for (const node of feasible) {
    const total = Math.round(
      all.reduce((points, { score, weight }) => points + weight * (score?.(needs, node) ?? 0), 0),
    )
    if (total > highest) {
      highest = total
      winners = [node]
    } else if (total === highest) {
      winners.push(node)
    }
  }
  return winners[random.below(winners.length)] as NodeState
}

/** `0/3 nodes are available: 1 Insufficient cpu, 2 node(s) were unschedulable.` */
function explain(nodeCount: number, refusals: ReadonlyMap<string, number>): string {
  if (nodeCount === 0) return "no nodes available to schedule pods"
  const parts = [...refusals].map(([reason, count]) => `${count} ${reason}`).sort()
  return `0/${nodeCount} nodes are available: ${parts.join(", ")}.`
}
