import type { Container } from "@wick/sdk/api/core/container"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { PodSpec } from "@wick/sdk/api/core/pod-spec"
import type { AnyObject } from "@wick/sdk/api/kind"
import { podChangeMistakes } from "./pod-change.ts"
import { ephemeralMistakes, podWithPart, resizeMistakes } from "./pod-part.ts"
import { podSpecMistakes } from "./pod-spec/index.ts"
import { qosClass } from "./qos-class.ts"
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
  validate(object, old, subresource) {
    const pod = podOf(object)
    if (!old) return podSpecMistakes("spec", pod.spec)
    if (subresource === "ephemeralcontainers") return ephemeralMistakes(pod, podOf(old))
    if (subresource === "resize") return resizeMistakes(pod, podOf(old))
    return podChangeMistakes(pod, podOf(old))
  },
  writablePart: (wanted, live, subresource) =>
    podWithPart(podOf(wanted), podOf(live), subresource) as AnyObject | undefined,
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
