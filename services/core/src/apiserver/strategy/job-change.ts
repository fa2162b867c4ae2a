import type { Job } from "@wick/sdk/api/batch/job"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { jsonEqual } from "../patch/json-value.ts"
import { invalid } from "./mistake.ts"

const fixed = [
  "selector",
  "completionMode",
  "podFailurePolicy",
  "backoffLimitPerIndex",
  "managedBy",
  "successPolicy",
] as const
const immutable = "field is immutable"

/** A job that was made keeps what its pods are and how they count. */
export function jobChangeMistakes({ spec }: Job, { spec: old, status }: Job): FieldError[] {
  const mistakes = fixed.flatMap((field) =>
    jsonEqual(plain(spec[field]), plain(old[field])) ? [] : [invalid(`spec.${field}`, spec[field], immutable)],
  )
  if (spec.completions !== old.completions && !isElastic(spec, old)) {
    mistakes.unshift(invalid("spec.completions", spec.completions ?? null, completionsText(old)))
  }
  const neverStarted = old.suspend && status?.startTime === undefined
  const template = neverStarted ? withoutPlace(spec, old) : spec.template
  if (!jsonEqual(plain(template), plain(old.template))) {
    mistakes.push(invalid("spec.template", spec.template, immutable))
  }
  return mistakes
}

/** The indexes of a job that runs them all at once may be more or fewer. */
function isElastic(spec: Job["spec"], old: Job["spec"]): boolean {
  return (
    old.completionMode === "Indexed" &&
    spec.completions === spec.parallelism &&
    old.completions === old.parallelism &&
    spec.completions !== undefined
  )
}

function completionsText({ completionMode }: Job["spec"]): string {
  return completionMode === "Indexed" ? "can only be modified in tandem with parallelism" : immutable
}

/** Where pods run may still be changed before the first of them was made. */
function withoutPlace({ template }: Job["spec"], old: Job["spec"]): Job["spec"]["template"] {
  const { nodeSelector, affinity, tolerations, schedulingGates } = old.template.spec
  const { nodeSelector: _n, affinity: _a, tolerations: _t, schedulingGates: _g, ...rest } = template.spec
  const spec = { ...rest, nodeSelector, affinity, tolerations, schedulingGates }
  return { metadata: old.template.metadata, spec } as Job["spec"]["template"]
}

function plain(value: unknown): unknown {
  return value === undefined ? undefined : JSON.parse(JSON.stringify(value))
}
