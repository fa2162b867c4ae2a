import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { jsonEqual } from "../patch/json-value.ts"
import type { Strategy } from "./strategy.ts"

interface WorkloadView {
  spec: {
    selector?: { matchLabels?: Record<string, string>; matchExpressions?: object[] }
    template?: { metadata?: { labels?: Record<string, string> } }
  }
}

/** Deployments and ReplicaSets: the selector never changes, and selects the pods of the template. */
export const workload: Strategy = {
  prepareCreate(object) {
    // What has just been wished for has no state, also when it is a copy of something that has.
    delete object.status
  },
  validate(object, old) {
    const { spec } = object as unknown as WorkloadView
    return [...selectorMistakes(spec), ...(old ? changed(spec, (old as unknown as WorkloadView).spec) : [])]
  },
}

function selectorMistakes({ selector, template }: WorkloadView["spec"]): FieldError[] {
  if (selector && Object.keys(selector.matchLabels ?? {}).length + (selector.matchExpressions ?? []).length === 0) {
    return [{ type: "Invalid", field: "spec.selector", value: selector, detail: "empty selector is invalid" }]
  }
  const labels = template?.metadata?.labels ?? {}
  const missing = Object.entries(selector?.matchLabels ?? {}).some(([key, value]) => labels[key] !== value)
  if (!missing) return []
  const detail = "`selector` does not match template `labels`"
  return [{ type: "Invalid", field: "spec.template.metadata.labels", value: labels, detail }]
}

function changed({ selector }: WorkloadView["spec"], old: WorkloadView["spec"]): FieldError[] {
  if (jsonEqual(selector, old.selector)) return []
  return [{ type: "Invalid", field: "spec.selector", value: selector, detail: "field is immutable" }]
}
