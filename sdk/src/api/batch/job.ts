import * as z from "zod"
import { containerNames, imageNames } from "../apps/template-summary.ts"
import { age } from "../column.ts"
import { int32, mergeList, named, optional, required, setList, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { Time } from "../meta/object-meta.ts"
import { formatSelector } from "../meta/selector-text.ts"
import { formatAge } from "../meta/time.ts"
import { JobSpec } from "./job-spec.ts"

const batch = "io.k8s.api.batch.v1."
export const JobCondition = named(
  `${batch}JobCondition`,
  "One aspect of a job's state.",
  z.object({
    type: required(text, "Complete, Failed, Suspended, FailureTarget or SuccessCriteriaMet."),
    status: required(ConditionStatus, "Whether it holds."),
    lastProbeTime: optional(Time, "When it was last looked at."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, in one word."),
    message: optional(text, "Why."),
  }),
)
export const UncountedTerminatedPods = named(
  `${batch}UncountedTerminatedPods`,
  "Pods that have ended and are not counted yet.",
  z.object({
    succeeded: optional(z.array(text), "UIDs of those that succeeded.", setList),
    failed: optional(z.array(text), "UIDs of those that failed.", setList),
  }),
)
export const JobStatus = named(
  `${batch}JobStatus`,
  "What a job is doing.",
  z.object({
    conditions: optional(z.array(JobCondition), "Aspects of its state.", {
      ...mergeList("type"),
      "x-kubernetes-list-type": "atomic",
    }),
    startTime: optional(Time, "When it started, or was resumed."),
    completionTime: optional(Time, "When it had succeeded."),
    active: optional(int32, "Pods that have not ended."),
    succeeded: optional(int32, "Pods that succeeded."),
    failed: optional(int32, "Pods that failed."),
    terminating: optional(int32, "Pods that are ending."),
    completedIndexes: optional(text, "Indexes that succeeded, such as 1,3-5."),
    failedIndexes: optional(text, "Indexes that failed."),
    uncountedTerminatedPods: optional(UncountedTerminatedPods, "Pods that are not counted yet."),
    ready: optional(int32, "Pods that are ready."),
  }),
)

interface SeenJob {
  readonly metadata: { readonly deletionTimestamp?: string | undefined }
  readonly spec?: { readonly completions?: number | undefined; readonly parallelism?: number | undefined } | undefined
  readonly status?: z.output<typeof JobStatus> | undefined
}

/** What a job is doing, in one word. */
function statusText({ metadata, status }: SeenJob): string {
  const holds = (type: string) =>
    status?.conditions?.some((condition) => condition.type === type && condition.status === "True")
  const ended = ["Complete", "Failed"].find(holds)
  if (ended) return ended
  if (metadata.deletionTimestamp !== undefined) return "Terminating"
  return ["Suspended", "FailureTarget", "SuccessCriteriaMet"].find(holds) ?? "Running"
}

/** `1/3`, or `1/1 of 3` when one success of several pods is enough. */
function completionsText({ spec, status }: SeenJob): string {
  const succeeded = status?.succeeded ?? 0
  if (spec?.completions !== undefined) return `${succeeded}/${spec.completions}`
  const parallelism = spec?.parallelism ?? 0
  return parallelism > 1 ? `${succeeded}/1 of ${parallelism}` : `${succeeded}/1`
}

function durationText({ status }: SeenJob, nowMs: number): string {
  if (!status?.startTime) return ""
  const end = status.completionTime ? Date.parse(status.completionTime) : nowMs
  return formatAge(end - Date.parse(status.startTime))
}

export const Job = defineKind({
  group: "batch",
  version: "v1",
  kind: "Job",
  plural: "jobs",
  categories: ["all"],
  description: "Job runs pods until a number of them has succeeded.",
  schema: z.object({
    spec: required(JobSpec, "What the job should do."),
    status: optional(JobStatus, "What the job is doing."),
  }),
  subresources: { status: true },
  selectableFields: ["status.successful"],
  fieldTexts: { "status.successful": ({ status }) => String(status?.succeeded ?? 0) },
  columns: [
    { name: "Status", type: "string", value: statusText },
    { name: "Completions", type: "string", value: completionsText },
    { name: "Duration", type: "string", value: durationText },
    age,
    { name: "Containers", type: "string", priority: 1, value: containerNames },
    { name: "Images", type: "string", priority: 1, value: imageNames },
    {
      name: "Selector",
      type: "string",
      priority: 1,
      value: ({ spec }) => formatSelector(spec?.selector ?? {}) || "<none>",
    },
  ],
})
export type Job = KindOf<typeof Job>
