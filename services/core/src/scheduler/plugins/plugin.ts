import type { PodNeeds } from "../pod-needs.ts"
import type { NodeState } from "../snapshot.ts"

/** Why the pod cannot run on the node, each reason in the words that users see; none when it can. */
export type Filter = (needs: PodNeeds, node: NodeState) => readonly string[]

/** How well the node suits, 0 to 100. */
export type Score = (needs: PodNeeds, node: NodeState) => number

export const fits: readonly string[] = []
