import type { NodeSelectorTerm } from "@wick/sdk/api/core/affinity"
import type { Node } from "@wick/sdk/api/core/node"
import { matches } from "@wick/sdk/api/meta/label-selector"
import { type Filter, fits, type Score } from "./plugin.ts"

/** The node must have the labels of the pod's node selector and answer one term of its required affinity. */
export const nodeAffinity: Filter = ({ pod }, { node }) => {
  const labels = node.metadata.labels ?? {}
  const selected = Object.entries(pod.spec.nodeSelector ?? {}).every(([key, value]) => labels[key] === value)
  const required = pod.spec.affinity?.nodeAffinity?.requiredDuringSchedulingIgnoredDuringExecution
  const terms = required?.nodeSelectorTerms
  const liked = terms === undefined || terms.some((term) => matchesTerm(term, node))
  return selected && liked ? fits : ["node(s) didn't match Pod's node affinity/selector"]
}

/** The weights of the preferred terms that the node answers, as a share of all of them. */
export const nodePreference: Score = ({ pod }, { node }) => {
  const preferred = pod.spec.affinity?.nodeAffinity?.preferredDuringSchedulingIgnoredDuringExecution ?? []
  const total = preferred.reduce((weights, { weight }) => weights + weight, 0)
  if (total === 0) return 0
  const met = preferred.filter(({ preference }) => matchesTerm(preference, node))
  return (100 * met.reduce((weights, { weight }) => weights + weight, 0)) / total
}

/** All conditions of a term must hold; a term without any selects nothing. */
export function matchesTerm({ matchExpressions = [], matchFields = [] }: NodeSelectorTerm, node: Node): boolean {
  if (matchExpressions.length === 0 && matchFields.length === 0) return false
  const fields = { "metadata.name": node.metadata.name }
  return matches({ matchExpressions }, node.metadata.labels) && matches({ matchExpressions: matchFields }, fields)
}
