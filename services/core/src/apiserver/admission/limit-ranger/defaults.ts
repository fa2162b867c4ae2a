import type { LimitRange } from "@wick/sdk/api/core/limit-range"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { ResourceList, ResourceRequirements } from "@wick/sdk/api/core/resources"

const annotation = "kubernetes.io/limit-ranger"

/** Pure: the pod with what its containers leave open filled in, and a note of that. */
export function withLimitDefaults(pod: Pod, range: LimitRange): Pod {
  const defaults = containerDefaults(range)
  const notes: string[] = []
  const filled = <C extends { name: string; resources: ResourceRequirements }>(container: C, what: string): C => {
    const { resources, added } = fill(container.resources ?? {}, defaults)
    for (const which of ["requests", "limits"] as const) {
      if (added[which].length === 0) continue
      notes.push(`${added[which].sort().join(", ")} ${which.slice(0, -1)} for ${what} ${container.name}`)
    }
    return { ...container, resources }
  }
  const containers = pod.spec.containers.map((container) => filled(container, "container"))
  const initContainers = pod.spec.initContainers?.map((container) => filled(container, "init container"))
  if (notes.length === 0) return pod
  return {
    ...pod,
    metadata: {
      ...pod.metadata,
      annotations: { ...pod.metadata.annotations, [annotation]: `LimitRanger plugin set: ${notes.join("; ")}` },
    },
    spec: { ...pod.spec, containers, ...(initContainers && { initContainers }) },
  }
}

function containerDefaults({ spec }: LimitRange): { limits: ResourceList; requests: ResourceList } {
  const items = (spec?.limits ?? []).filter(({ type }) => type === "Container")
  return {
    limits: Object.assign({}, ...items.map((item) => item.default ?? {})),
    requests: Object.assign({}, ...items.map((item) => item.defaultRequest ?? {})),
  }
}

function fill(
  resources: ResourceRequirements,
  defaults: { limits: ResourceList; requests: ResourceList },
): { resources: ResourceRequirements; added: { limits: string[]; requests: string[] } } {
  const missing = (which: "limits" | "requests"): string[] =>
    Object.keys(defaults[which]).filter((name) => resources[which]?.[name] === undefined)
  const added = { limits: missing("limits"), requests: missing("requests") }
  const merged = (which: "limits" | "requests"): object =>
    added[which].length === 0 ? {} : { [which]: { ...defaults[which], ...resources[which] } }
  return { resources: { ...resources, ...merged("limits"), ...merged("requests") }, added }
}
