import type { Pod } from "@wick/sdk/api/core/pod"
import type { Service } from "@wick/sdk/api/core/service"
import { matchesMap } from "@wick/sdk/api/meta/label-selector"
import type { Informer } from "@wick/sdk/controller"

/**
 * Who stands behind whom, asked from both sides. All labels of a selector must be there, so its first is enough to look by:
 * a pod has few labels and few services look for one of them, however many of both there are.
 *
 *     selector {app: a, tier: b}   stands at       default/app=a
 *     pod      {app: a, tier: c}   is asked for at default/app=a and default/tier=c, and does not match
 */
export const servicesBySelector = {
  firstOfSelector: ({ metadata, spec }: Service): string[] => pairs(metadata.namespace, spec.selector).slice(0, 1),
}

export const podsByLabel = { label: ({ metadata }: Pod): string[] => pairs(metadata.namespace, metadata.labels) }

export function podsBehind({ metadata, spec }: Service, pods: Informer<typeof Pod>): Pod[] {
  const [first] = pairs(metadata.namespace, spec.selector)
  if (first === undefined) return []
  return pods.byIndex("label", first).filter((pod) => matchesMap(spec.selector, pod.metadata.labels))
}

export function servicesBefore({ metadata }: Pod, services: Informer<typeof Service>): Service[] {
  return pairs(metadata.namespace, metadata.labels)
    .flatMap((pair) => services.byIndex("firstOfSelector", pair))
    .filter(({ spec }) => matchesMap(spec.selector, metadata.labels))
}

function pairs(namespace = "", labels: Readonly<Record<string, string>> = {}): string[] {
  return Object.entries(labels).map(([name, value]) => `${namespace}/${name}=${value}`)
}
