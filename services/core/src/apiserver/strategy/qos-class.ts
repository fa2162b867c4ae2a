import type { PodSpec } from "@wick/sdk/api/core/pod-spec"

/** How soon the pod is ended when the node lacks room: last if it may use no more than it asked for, first if it asked for nothing. */
export function qosClass(spec: PodSpec): "Guaranteed" | "Burstable" | "BestEffort" {
  const asked = (list: PodSpec["resources"]) =>
    Object.keys({ ...list?.requests, ...list?.limits }).filter((name) => name === "cpu" || name === "memory")
  const all = asked(spec.resources).length > 0 ? [spec] : [...(spec.initContainers ?? []), ...spec.containers]
  if (all.every(({ resources }) => asked(resources).length === 0)) return "BestEffort"
  const guaranteed = all.every(({ resources }) =>
    ["cpu", "memory"].every((name) => {
      const limit = resources?.limits?.[name]
      return limit !== undefined && String(limit) === String(resources?.requests?.[name])
    }),
  )
  return guaranteed ? "Guaranteed" : "Burstable"
}
