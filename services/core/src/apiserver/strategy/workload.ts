import type { Deployment } from "@wick/sdk/api/apps/deployment"
import type { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { IntOrString } from "@wick/sdk/api/meta/int-or-string"
import { jsonEqual } from "../patch/json-value.ts"
import { forgetStatus } from "./initial-status.ts"
import { forbidden, invalid, notNegative } from "./mistake.ts"
import { templateSelectorMistakes } from "./selector.ts"
import type { Strategy } from "./strategy.ts"
import { fillPodSpec, keepsRunning, templateMistakes } from "./template.ts"

const shareDefault = "25%"

function fillDeployment({ spec }: Deployment): void {
  fillPodSpec(spec.template.spec)
  if (spec.strategy.type !== "RollingUpdate") return
  const { rollingUpdate } = spec.strategy
  spec.strategy.rollingUpdate = {
    ...rollingUpdate,
    maxUnavailable: rollingUpdate?.maxUnavailable ?? shareDefault,
    maxSurge: rollingUpdate?.maxSurge ?? shareDefault,
  }
}

export const deployments: Strategy = {
  prepareCreate(object) {
    forgetStatus(object)
    fillDeployment(object as unknown as Deployment)
  },
  prepareUpdate: (object) => fillDeployment(object as unknown as Deployment),
  validate(object, old) {
    const { spec } = object as unknown as Deployment
    const before = (old as unknown as Deployment | undefined)?.spec
    return [
      ...notNegative("spec.replicas", spec.replicas),
      ...templateSelectorMistakes("spec", spec.selector, spec.template.metadata?.labels),
      ...templateMistakes("spec.template", spec.template, keepsRunning),
      ...deadlineMistakes("Deployment", spec.template.spec.activeDeadlineSeconds),
      ...strategyMistakes(spec.strategy),
      ...notNegative("spec.minReadySeconds", spec.minReadySeconds),
      ...notNegative("spec.revisionHistoryLimit", spec.revisionHistoryLimit),
      ...progressMistakes(spec),
      ...(before ? selectorChange(spec.selector, before.selector) : []),
    ]
  },
}

/** Pods of a controller that keeps them running have no end. */
export function deadlineMistakes(kind: string, seconds: number | undefined): FieldError[] {
  const field = "spec.template.spec.activeDeadlineSeconds"
  return seconds === undefined ? [] : [forbidden(field, `activeDeadlineSeconds in ${kind} is not Supported`)]
}

function progressMistakes({ progressDeadlineSeconds, minReadySeconds = 0 }: Deployment["spec"]): FieldError[] {
  const field = "spec.progressDeadlineSeconds"
  const mistakes = notNegative(field, progressDeadlineSeconds)
  if (progressDeadlineSeconds > minReadySeconds) return mistakes
  return [...mistakes, invalid(field, progressDeadlineSeconds, "must be greater than minReadySeconds")]
}

function strategyMistakes({ type, rollingUpdate }: Deployment["spec"]["strategy"]): FieldError[] {
  const at = "spec.strategy.rollingUpdate"
  if (!rollingUpdate) return []
  if (type === "Recreate") {
    return [forbidden(at, "may not be specified when strategy `type` is 'Recreate'")]
  }
  const { maxUnavailable, maxSurge } = rollingUpdate
  const mistakes = [
    ...countMistakes(`${at}.maxUnavailable`, maxUnavailable),
    ...countMistakes(`${at}.maxSurge`, maxSurge),
    ...wholeMistakes(`${at}.maxUnavailable`, maxUnavailable),
  ]
  if (isNothing(maxUnavailable) && isNothing(maxSurge)) {
    mistakes.push(invalid(`${at}.maxUnavailable`, maxUnavailable, "may not be 0 when `maxSurge` is 0"))
  }
  return mistakes
}

export function isNothing(value: IntOrString | undefined): boolean {
  return value === 0 || value === "0%"
}

const percent = /^[0-9]+%$/
const percentText =
  "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',  or '93%', regex used for validation is '[0-9]+%')"

/** A count, or a share in percent. */
export function countMistakes(field: string, value: IntOrString | undefined): FieldError[] {
  if (typeof value === "number") return notNegative(field, value)
  return value === undefined || percent.test(value) ? [] : [invalid(field, value, percentText)]
}

/** A share that is no more than the whole. */
export function wholeMistakes(field: string, value: IntOrString | undefined): FieldError[] {
  if (typeof value !== "string" || !percent.test(value) || Number.parseInt(value, 10) <= 100) return []
  return [invalid(field, value, "must not be greater than 100%")]
}

export function selectorChange(selector: unknown, old: unknown): FieldError[] {
  return jsonEqual(selector, old) ? [] : [invalid("spec.selector", selector, "field is immutable")]
}

function fillReplicaSet({ spec }: ReplicaSet): void {
  if (spec.template) fillPodSpec(spec.template.spec)
}

export const replicaSets: Strategy = {
  prepareCreate(object) {
    forgetStatus(object)
    fillReplicaSet(object as unknown as ReplicaSet)
  },
  prepareUpdate: (object) => fillReplicaSet(object as unknown as ReplicaSet),
  validate(object, old) {
    const { spec } = object as unknown as ReplicaSet
    const before = (old as unknown as ReplicaSet | undefined)?.spec
    const { template } = spec
    return [
      ...notNegative("spec.replicas", spec.replicas),
      ...notNegative("spec.minReadySeconds", spec.minReadySeconds),
      ...templateSelectorMistakes("spec", spec.selector, template?.metadata?.labels),
      ...(template ? templateMistakes("spec.template", template, keepsRunning) : []),
      ...deadlineMistakes("ReplicaSet", template?.spec.activeDeadlineSeconds),
      ...(before ? selectorChange(spec.selector, before.selector) : []),
    ]
  },
}
