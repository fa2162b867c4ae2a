import type { ReplicationController } from "@wick/sdk/api/core/replication-controller"
import { matchesMap } from "@wick/sdk/api/meta/label-selector"
import { forgetStatus } from "./initial-status.ts"
import { invalid, notNegative, required } from "./mistake.ts"
import { labelsMistakes } from "./name-format.ts"
import type { Strategy } from "./strategy.ts"
import { fillPodSpec, keepsRunning, templateMistakes } from "./template.ts"
import { deadlineMistakes } from "./workload.ts"

/** The template's labels stand for what was not said: the selector, and the own labels. */
function fill(controller: ReplicationController): void {
  const { spec, metadata } = controller
  const labels = spec.template?.metadata?.labels
  if (spec.template) fillPodSpec(spec.template.spec)
  if (!labels) return
  if (Object.keys(spec.selector ?? {}).length === 0) spec.selector = { ...labels }
  if (Object.keys(metadata.labels ?? {}).length === 0) metadata.labels = { ...labels }
}

export const replicationControllers: Strategy = {
  prepareCreate(object) {
    forgetStatus(object)
    fill(object as unknown as ReplicationController)
  },
  prepareUpdate: (object) => fill(object as unknown as ReplicationController),
  validate(object) {
    const { spec } = object as unknown as ReplicationController
    const { selector = {}, template } = spec
    const mistakes = [
      ...notNegative("spec.minReadySeconds", spec.minReadySeconds),
      ...(Object.keys(selector).length === 0 ? [required("spec.selector")] : labelsMistakes("spec.selector", selector)),
      ...notNegative("spec.replicas", spec.replicas),
    ]
    if (!template) return [...mistakes, required("spec.template")]
    const labels = template.metadata?.labels
    if (Object.keys(selector).length > 0 && !matchesMap(selector, labels)) {
      const detail = "`selector` does not match template `labels`"
      mistakes.push(invalid("spec.template.metadata.labels", labels ?? {}, detail))
    }
    return [
      ...mistakes,
      ...templateMistakes("spec.template", template, keepsRunning),
      ...deadlineMistakes("ReplicationController", template.spec.activeDeadlineSeconds),
    ]
  },
}
