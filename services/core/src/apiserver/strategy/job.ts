import type { Job } from "@wick/sdk/api/batch/job"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { forgetStatus } from "./initial-status.ts"
import { jobChangeMistakes } from "./job-change.ts"
import { failurePolicyMistakes, successPolicyMistakes } from "./job-policy.ts"
import { invalid, notNegative, oneOf, required } from "./mistake.ts"
import { templateSelectorMistakes } from "./selector.ts"
import type { Strategy } from "./strategy.ts"
import { fillPodSpec, runsToEnd, templateMistakes } from "./template.ts"

export type JobSpec = Job["spec"]

const backoffLimitDefault = 6
const backoffLimitMax = 2_147_483_647
const indexedParallelismMax = 100_000
const indexedCompletionsMax = 1_000_000_000
const controllerUid = "batch.kubernetes.io/controller-uid"

/** What a job gets; in place. The template of a cron job keeps what was written. */
function fillJobSpec(spec: JobSpec): void {
  fillPodSpec(spec.template.spec)
  if (spec.completions === undefined && spec.parallelism === undefined) spec.completions = 1
  spec.parallelism ??= 1
  spec.completionMode ??= "NonIndexed"
  spec.suspend ??= false
  spec.manualSelector ??= false
  spec.backoffLimit ??= spec.backoffLimitPerIndex === undefined ? backoffLimitDefault : backoffLimitMax
  spec.podReplacementPolicy ??= spec.podFailurePolicy ? "Failed" : "TerminatingOrFailed"
}

/** A job finds its pods by its own UID, unless its selector was written by hand. */
function ownPods({ metadata, spec }: Job): void {
  if (spec.manualSelector) return
  const own = { [controllerUid]: metadata.uid }
  const labels = {
    ...spec.template.metadata?.labels,
    ...own,
    "controller-uid": metadata.uid,
    "batch.kubernetes.io/job-name": metadata.name,
    "job-name": metadata.name,
  }
  spec.template.metadata = { ...spec.template.metadata, labels }
  spec.selector ??= { matchLabels: own }
}

export const jobs: Strategy = {
  // Labels and selector by which a job knows its pods.
  serverFills: "all",
  prepareCreate(object) {
    forgetStatus(object)
    const job = object as unknown as Job
    fillJobSpec(job.spec)
    ownPods(job)
    const { labels } = job.spec.template.metadata ?? {}
    if (Object.keys(job.metadata.labels ?? {}).length === 0 && labels) job.metadata.labels = { ...labels }
  },
  prepareUpdate: (object) => fillJobSpec((object as unknown as Job).spec),
  validate(object, old) {
    const job = object as unknown as Job
    if (old) {
      return [...jobSpecMistakes("spec", job.spec), ...jobChangeMistakes(job, old as unknown as Job)]
    }
    return [...jobSpecMistakes("spec", job.spec), ...ownSelectorMistakes(job)]
  },
  validateStatus(object) {
    const { status } = object as unknown as Job
    return [
      ...notNegative("status.active", status?.active),
      ...notNegative("status.succeeded", status?.succeeded),
      ...notNegative("status.failed", status?.failed),
      ...notNegative("status.terminating", status?.terminating),
      ...notNegative("status.ready", status?.ready),
    ]
  },
}

function ownSelectorMistakes({ metadata, spec }: Job): FieldError[] {
  if (!spec.selector) return [required("spec.selector")]
  const labels = spec.template.metadata?.labels
  const generated = spec.selector.matchLabels?.[controllerUid] === metadata.uid
  if (!spec.manualSelector && !generated) {
    return [invalid("spec.selector", spec.selector, "`selector` not auto-generated")]
  }
  return templateSelectorMistakes("spec", spec.selector, labels)
}

/** Every rule of a job's spec but the ones of its selector, which the template of a cron job does not have. */
export function jobSpecMistakes(field: string, spec: JobSpec): FieldError[] {
  return [
    ...notNegative(`${field}.parallelism`, spec.parallelism),
    ...notNegative(`${field}.completions`, spec.completions),
    ...notNegative(`${field}.activeDeadlineSeconds`, spec.activeDeadlineSeconds),
    ...notNegative(`${field}.backoffLimit`, spec.backoffLimit),
    ...notNegative(`${field}.ttlSecondsAfterFinished`, spec.ttlSecondsAfterFinished),
    ...notNegative(`${field}.backoffLimitPerIndex`, spec.backoffLimitPerIndex),
    ...notNegative(`${field}.maxFailedIndexes`, spec.maxFailedIndexes),
    ...oneOf(`${field}.completionMode`, spec.completionMode, ["Indexed", "NonIndexed"]),
    ...(spec.completionMode === "Indexed" ? indexedMistakes(field, spec) : unindexedMistakes(field, spec)),
    ...(spec.maxFailedIndexes !== undefined && spec.backoffLimitPerIndex === undefined
      ? [required(`${field}.backoffLimitPerIndex`, "when maxFailedIndexes is specified")]
      : []),
    ...managerMistakes(`${field}.managedBy`, spec.managedBy),
    ...(spec.podFailurePolicy ? failurePolicyMistakes(`${field}.podFailurePolicy`, spec) : []),
    ...(spec.successPolicy ? successPolicyMistakes(`${field}.successPolicy`, spec) : []),
    ...oneOf(`${field}.podReplacementPolicy`, spec.podReplacementPolicy, replacements(spec)),
    ...templateMistakes(`${field}.template`, spec.template, runsToEnd),
    ...failurePolicyRestarts(field, spec),
  ]
}

function replacements({ podFailurePolicy }: JobSpec): string[] {
  return podFailurePolicy ? ["Failed"] : ["Failed", "TerminatingOrFailed"]
}

/** What a failure means is decided by the job only when the node does not restart the container itself. */
function failurePolicyRestarts(field: string, { podFailurePolicy, template }: JobSpec): FieldError[] {
  const { restartPolicy } = template.spec
  if (!podFailurePolicy || restartPolicy === "Never") return []
  const detail = 'only "Never" is supported when podFailurePolicy is specified'
  return [invalid(`${field}.template.spec.restartPolicy`, restartPolicy, detail)]
}

function indexedMistakes(field: string, { completions, parallelism = 0 }: JobSpec): FieldError[] {
  const mistakes: FieldError[] = []
  if (completions === undefined) {
    mistakes.push(required(`${field}.completions`, "when completion mode is Indexed"))
  } else if (completions > indexedCompletionsMax) {
    const detail = `must be less than or equal to ${indexedCompletionsMax} when completion mode is Indexed`
    mistakes.push(invalid(`${field}.completions`, completions, detail))
  }
  if (parallelism > indexedParallelismMax) {
    const detail = `must be less than or equal to ${indexedParallelismMax} when completion mode is Indexed`
    mistakes.push(invalid(`${field}.parallelism`, parallelism, detail))
  }
  return mistakes
}

function unindexedMistakes(field: string, spec: JobSpec): FieldError[] {
  const detail = "requires indexed completion mode"
  const parts = ["successPolicy", "backoffLimitPerIndex", "maxFailedIndexes"] as const
  return parts.flatMap((part) => (spec[part] === undefined ? [] : [invalid(`${field}.${part}`, spec[part], detail)]))
}

const managerMax = 63
const managerName = /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?\/[^/]+$/

function managerMistakes(field: string, manager: string | undefined): FieldError[] {
  if (manager === undefined) return []
  const mistakes: FieldError[] = []
  if (manager.length > managerMax) {
    mistakes.push({ type: "TooLong", field, detail: `may not be more than ${managerMax} bytes` })
  }
  if (!managerName.test(manager)) {
    const detail = 'must be a domain-prefixed path (such as "acme.io/foo")'
    mistakes.push(invalid(field, manager, detail))
  }
  return mistakes
}
