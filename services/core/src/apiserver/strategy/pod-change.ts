import type { Container } from "@wick/sdk/api/core/container"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { PodSpec } from "@wick/sdk/api/core/pod-spec"
import type { Toleration } from "@wick/sdk/api/core/scheduling"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { jsonEqual } from "../patch/json-value.ts"
import { forbidden, invalid } from "./mistake.ts"
import { imageMistakes } from "./pod-spec/container.ts"
import { tolerationMistakes } from "./pod-spec/scheduling.ts"
import { fillPodSpec } from "./template.ts"

const immutable =
  "pod updates may not change fields other than `spec.containers[*].image`,`spec.initContainers[*].image`,`spec.activeDeadlineSeconds`,`spec.tolerations` (only additions to existing tolerations),`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)"

/** What of a pod's spec may change: images, added tolerations, a shorter life; and once its node, through binding. */
export function podChangeMistakes({ spec }: Pod, { spec: old }: Pod): FieldError[] {
  const recounted = (["containers", "initContainers"] as const).filter(
    (list) => (spec[list] ?? []).length !== (old[list] ?? []).length,
  )
  if (recounted.length > 0) {
    return recounted.map((list) => forbidden(`spec.${list}`, "pod updates may not add or remove containers"))
  }
  const mistakes = [
    ...spec.containers.flatMap(({ image }, at) => imageMistakes(`spec.containers[${at}].image`, image)),
    ...(spec.initContainers ?? []).flatMap(({ image }, at) => imageMistakes(`spec.initContainers[${at}].image`, image)),
    ...deadlineMistakes(spec.activeDeadlineSeconds, old.activeDeadlineSeconds),
    ...gateMistakes(spec, old),
    ...addedTolerationMistakes(spec.tolerations ?? [], old.tolerations ?? []),
  ]
  const moved = old.nodeName !== undefined && spec.nodeName !== old.nodeName
  if (moved || !jsonEqual(fixed(spec, old), fixed(old, old))) mistakes.push(forbidden("spec", immutable))
  return mistakes
}

/** The parts that may not change, as plain JSON. */
function fixed(spec: PodSpec, old: PodSpec): unknown {
  const whole = structuredClone(spec)
  fillPodSpec(whole)
  const { nodeName: _n, tolerations: _t, terminationGracePeriodSeconds: _g, activeDeadlineSeconds: _d, ...rest } = whole
  const { schedulingGates: _s, nodeSelector, affinity, ...others } = rest
  const isGated = (old.schedulingGates ?? []).length > 0
  const images = (list: readonly Container[] = []): object[] =>
    list.map(({ image: _i, imagePullPolicy: _p, ...container }) => container)
  return JSON.parse(
    JSON.stringify({
      ...others,
      // While its gates are closed nobody has chosen a node yet.
      ...(!isGated && { nodeSelector, affinity }),
      containers: images(whole.containers),
      initContainers: images(whole.initContainers),
    }),
  )
}

function deadlineMistakes(seconds: number | undefined, old: number | undefined): FieldError[] {
  const field = "spec.activeDeadlineSeconds"
  if (old === undefined) return []
  if (seconds === undefined) return [invalid(field, null, "must not update from a positive integer to nil value")]
  return seconds > old ? [invalid(field, seconds, "must be less than or equal to previous value")] : []
}

function gateMistakes(spec: PodSpec, old: PodSpec): FieldError[] {
  const known = new Set((old.schedulingGates ?? []).map(({ name }) => name))
  return (spec.schedulingGates ?? []).flatMap(({ name }, at) =>
    known.has(name)
      ? []
      : [forbidden(`spec.schedulingGates[${at}]`, `only deletion is allowed, but found new scheduling gate '${name}'`)],
  )
}

function addedTolerationMistakes(list: readonly Toleration[], old: readonly Toleration[]): FieldError[] {
  const lasting = ({ tolerationSeconds: _, ...toleration }: Toleration): unknown =>
    JSON.parse(JSON.stringify(toleration))
  const kept = old.every((before) => list.some((now) => jsonEqual(lasting(now), lasting(before))))
  const detail = "existing toleration can not be modified except its tolerationSeconds"
  return [...(kept ? [] : [forbidden("spec.tolerations", detail)]), ...tolerationMistakes("spec.tolerations", list)]
}
