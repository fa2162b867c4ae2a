import type { Container } from "@wick/sdk/api/core/container"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { PodSpec } from "@wick/sdk/api/core/pod-spec"
import type { AnyObject } from "@wick/sdk/api/kind"
import { podChangeMistakes } from "./pod-change.ts"
import { podSpecMistakes } from "./pod-spec/index.ts"
import type { Strategy } from "./strategy.ts"
import { fillPodSpec } from "./template.ts"

const graceSecondsDefault = 30

export const pods: Strategy = {
  prepareCreate(object) {
    const pod = podOf(object)
    fillPodSpec(pod.spec)
    for (const container of containersOf(pod.spec)) requestLimits(container)
    requestLimits(pod.spec)
    object.status = { phase: "Pending", qosClass: qosClass(pod.spec) }
  },
  prepareUpdate(object) {
    fillPodSpec(podOf(object).spec)
  },
  validate(object, old) {
    const pod = podOf(object)
    if (!old) return podSpecMistakes("spec", pod.spec)
    return podChangeMistakes(pod, podOf(old))
  },
  graceSeconds(object, asked) {
    const { spec, status } = podOf(object)
    const ended = status?.phase === "Succeeded" || status?.phase === "Failed"
    if (!spec.nodeName || ended) return 0
    return asked ?? spec.terminationGracePeriodSeconds ?? graceSecondsDefault
  },
}

function podOf(object: AnyObject): Pod {
  return object as unknown as Pod
}

function containersOf(spec: PodSpec): Container[] {
  return [...(spec.initContainers ?? []), ...spec.containers]
}

/** A limit without a request is a request of the same. */
function requestLimits({ resources }: Pick<PodSpec, "resources">): void {
  if (resources?.limits) resources.requests = { ...resources.limits, ...resources.requests }
}

/** How soon the pod is ended when the node lacks room: last if it may use no more than it asked for, first if it asked for nothing. */
export function qosClass(spec: PodSpec): "Guaranteed" | "Burstable" | "BestEffort" {
  const asked = (list: PodSpec["resources"]) =>
    Object.keys({ ...list?.requests, ...list?.limits }).filter((name) => name === "cpu" || name === "memory")
  const all = asked(spec.resources).length > 0 ? [spec] : containersOf(spec)
  if (all.every(({ resources }) => asked(resources).length === 0)) return "BestEffort"
  const guaranteed = all.every(({ resources }) =>
    ["cpu", "memory"].every((name) => {
      const limit = resources?.limits?.[name]
      return limit !== undefined && String(limit) === String(resources?.requests?.[name])
    }),
  )
  return guaranteed ? "Guaranteed" : "Burstable"
}
