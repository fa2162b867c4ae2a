import type { PodAffinityTerm } from "@wick/sdk/api/core/affinity"
import type { Node } from "@wick/sdk/api/core/node"
import type { Pod } from "@wick/sdk/api/core/pod"
import { type Labels, matches } from "@wick/sdk/api/meta/label-selector"
import type { NodeState, PlacedPod } from "../snapshot.ts"
import { type Filter, fits, type Score } from "./plugin.ts"

/** A pod and where it is. */
export interface Placed {
  readonly pod: PlacedPod
  readonly node: NodeState
}

/** Near is where the value of a term's label is the same. Pods on nodes without the label are near nothing. */
function topology(node: Node, key: string): string | undefined {
  return node.metadata.labels?.[key]
}

/** Whether a term of `owner` means the other pod. Of selectors of namespaces only the empty one is known: all of them. */
function means(term: PodAffinityTerm, owner: PlacedPod, other: PlacedPod): boolean {
  const { namespace = "" } = other.metadata
  const all = term.namespaceSelector !== undefined && Object.keys(term.namespaceSelector).length === 0
  const named = term.namespaces?.length ? term.namespaces : [owner.metadata.namespace ?? ""]
  if (!all && !named.includes(namespace)) return false
  return term.labelSelector !== undefined && matches(term.labelSelector, (other.metadata.labels ?? {}) as Labels)
}

/** How many of the placed pods that a term means there are at each of its places. */
function counts(term: PodAffinityTerm, owner: Pod, placed: readonly Placed[]): Map<string, number> {
  const found = new Map<string, number>()
  for (const { pod, node } of placed) {
    const place = topology(node.node, term.topologyKey)
    if (place !== undefined && means(term, owner, pod)) found.set(place, (found.get(place) ?? 0) + 1)
  }
  return found
}

const refusals = {
  affinity: ["node(s) didn't match pod affinity rules"],
  antiAffinity: ["node(s) didn't match pod anti-affinity rules"],
  existing: ["node(s) didn't satisfy existing pods anti-affinity rules"],
} as const

/** Near and away from which pods a pod must be, by its own terms and by those of pods that are there. */
export function podAffinity(pod: Pod, placed: readonly Placed[]): Filter[] {
  const { podAffinity: near, podAntiAffinity: away } = pod.spec.affinity ?? {}
  const nearTerms = near?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  const awayTerms = away?.requiredDuringSchedulingIgnoredDuringExecution ?? []
  return [
    ...nearTerms.map((term) => mustBeNear(term, pod, placed)),
    ...awayTerms.map((term) => mustBeAway(counts(term, pod, placed), term.topologyKey, refusals.antiAffinity)),
    ...existingTerms(pod, placed).map(([places, key]) => mustBeAway(places, key, refusals.existing)),
  ]
}

function mustBeNear(term: PodAffinityTerm, pod: Pod, placed: readonly Placed[]): Filter {
  const places = counts(term, pod, placed)
  // The first of a group that wants to be together would wait for itself.
  const isFirst = places.size === 0 && means(term, pod, pod)
  return (_, { node }) => {
    const place = topology(node, term.topologyKey)
    return place !== undefined && (isFirst || places.has(place)) ? fits : refusals.affinity
  }
}

function mustBeAway(places: ReadonlyMap<string, number>, key: string, refusal: readonly string[]): Filter {
  return (_, { node }) => (places.has(topology(node, key) ?? "") ? refusal : fits)
}

function existingTerms(pod: Pod, placed: readonly Placed[]): [Map<string, number>, string][] {
  return placed.flatMap(({ pod: other, node }): [Map<string, number>, string][] => {
    const terms = other.spec.affinity?.podAntiAffinity?.requiredDuringSchedulingIgnoredDuringExecution ?? []
    return terms.flatMap((term): [Map<string, number>, string][] => {
      const place = topology(node.node, term.topologyKey)
      return place !== undefined && means(term, other, pod) ? [[new Map([[place, 1]]), term.topologyKey]] : []
    })
  })
}

/** The weights of preferred terms, by how many pods are near; 100 for the best of the nodes and 0 for the worst. */
export function podPreference(pod: Pod, placed: readonly Placed[], nodes: readonly NodeState[]): Score | undefined {
  const { podAffinity: near, podAntiAffinity: away } = pod.spec.affinity ?? {}
  const terms = [
    ...(near?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => ({ ...each, sign: 1 })),
    ...(away?.preferredDuringSchedulingIgnoredDuringExecution ?? []).map((each) => ({ ...each, sign: -1 })),
  ]
  if (terms.length === 0) return undefined
  const counted = terms.map(({ podAffinityTerm: term, weight, sign }) => ({
    key: term.topologyKey,
    weight: weight * sign,
    places: counts(term, pod, placed),
  }))
  const points = new Map(
    nodes.map(({ name, node }) => [
      name,
      counted.reduce((sum, { key, weight, places }) => sum + weight * (places.get(topology(node, key) ?? "") ?? 0), 0),
    ]),
  )
  const [least, most] = [Math.min(...points.values()), Math.max(...points.values())]
  return (_, { name }) => (most === least ? 0 : (100 * ((points.get(name) ?? least) - least)) / (most - least))
}
