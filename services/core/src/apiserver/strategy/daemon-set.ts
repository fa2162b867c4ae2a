import type { DaemonSet } from "@wick/sdk/api/apps/daemon-set"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { forgetStatus } from "./initial-status.ts"
import { invalid, notNegative, oneOf, required } from "./mistake.ts"
import { templateSelectorMistakes } from "./selector.ts"
import type { Strategy } from "./strategy.ts"
import { fillPodSpec, keepsRunning, templateMistakes } from "./template.ts"
import { countMistakes, deadlineMistakes, isNothing, selectorChange, wholeMistakes } from "./workload.ts"

function fill({ spec }: DaemonSet): void {
  fillPodSpec(spec.template.spec)
  const { updateStrategy } = spec
  updateStrategy.type ??= "RollingUpdate"
  if (updateStrategy.type !== "RollingUpdate") return
  const { maxUnavailable = 1, maxSurge = 0 } = updateStrategy.rollingUpdate ?? {}
  updateStrategy.rollingUpdate = { ...updateStrategy.rollingUpdate, maxUnavailable, maxSurge }
}

export const daemonSets: Strategy = {
  prepareCreate(object) {
    forgetStatus(object)
    fill(object as unknown as DaemonSet)
  },
  prepareUpdate: (object) => fill(object as unknown as DaemonSet),
  validate(object, old) {
    const { spec } = object as unknown as DaemonSet
    const before = (old as unknown as DaemonSet | undefined)?.spec
    return [
      ...templateSelectorMistakes("spec", spec.selector, spec.template.metadata?.labels),
      ...templateMistakes("spec.template", spec.template, keepsRunning),
      ...deadlineMistakes("DaemonSet", spec.template.spec.activeDeadlineSeconds),
      ...notNegative("spec.minReadySeconds", spec.minReadySeconds),
      ...updateMistakes(spec.updateStrategy),
      ...notNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
      ...(before ? selectorChange(spec.selector, before.selector) : []),
    ]
  },
}

function updateMistakes({ type, rollingUpdate }: DaemonSet["spec"]["updateStrategy"]): FieldError[] {
  const at = "spec.updateStrategy"
  if (type !== "RollingUpdate") return oneOf(`${at}.type`, type, ["RollingUpdate", "OnDelete"])
  if (!rollingUpdate) return [required(`${at}.rollingUpdate`)]
  const { maxUnavailable, maxSurge } = rollingUpdate
  const mistakes = [
    ...countMistakes(`${at}.rollingUpdate.maxUnavailable`, maxUnavailable),
    ...wholeMistakes(`${at}.rollingUpdate.maxUnavailable`, maxUnavailable),
    ...countMistakes(`${at}.rollingUpdate.maxSurge`, maxSurge),
    ...wholeMistakes(`${at}.rollingUpdate.maxSurge`, maxSurge),
  ]
  if (isNothing(maxUnavailable) && isNothing(maxSurge)) {
    mistakes.push(required(`${at}.rollingUpdate.maxUnavailable`, "cannot be 0 when maxSurge is 0"))
  }
  if (!isNothing(maxUnavailable) && !isNothing(maxSurge)) {
    const detail = "may not be set when maxUnavailable is non-zero"
    mistakes.push(invalid(`${at}.rollingUpdate.maxSurge`, maxSurge, detail))
  }
  return mistakes
}
