import * as z from "zod"
import { containerNames, imageNames } from "../apps/template-summary.ts"
import { age } from "../column.ts"
import { ObjectReference } from "../core/object-reference.ts"
import { atomicList, defaulted, flag, int32, int64, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { Time } from "../meta/object-meta.ts"
import { formatSelector } from "../meta/selector-text.ts"
import { ageOf } from "../meta/time.ts"
import { JobTemplateSpec } from "./job-spec.ts"

const successesKept = 3
const failuresKept = 1
export const CronJobSpec = named(
  "io.k8s.api.batch.v1.CronJobSpec",
  "When which jobs are made.",
  z.object({
    schedule: required(text, "When, in the format of cron."),
    timeZone: optional(text, "Time zone of the schedule; the server's when absent."),
    startingDeadlineSeconds: optional(int64, "Seconds that a job may be late."),
    concurrencyPolicy: defaulted(text, "Allow", "What to do while a job runs: Allow another, Forbid it, or Replace."),
    suspend: defaulted(flag, false, "Whether no further jobs are made."),
    jobTemplate: required(JobTemplateSpec, "The jobs that it makes."),
    successfulJobsHistoryLimit: defaulted(int32, successesKept, "Jobs that succeeded to keep."),
    failedJobsHistoryLimit: defaulted(int32, failuresKept, "Jobs that failed to keep."),
  }),
)
export const CronJobStatus = named(
  "io.k8s.api.batch.v1.CronJobStatus",
  "What a cron job is doing.",
  z.object({
    active: optional(z.array(ObjectReference), "Jobs that run.", atomicList),
    lastScheduleTime: optional(Time, "When a job was last made."),
    lastSuccessfulTime: optional(Time, "When a job last succeeded."),
  }),
)

export const CronJob = defineKind({
  group: "batch",
  version: "v1",
  kind: "CronJob",
  plural: "cronjobs",
  shortNames: ["cj"],
  categories: ["all"],
  description: "CronJob makes jobs at times.",
  schema: z.object({
    spec: required(CronJobSpec, "When which jobs are made."),
    status: optional(CronJobStatus, "What the cron job is doing."),
  }),
  subresources: { status: true },
  columns: [
    { name: "Schedule", type: "string", value: ({ spec }) => spec?.schedule ?? "" },
    { name: "Timezone", type: "string", value: ({ spec }) => spec?.timeZone ?? "<none>" },
    { name: "Suspend", type: "string", value: ({ spec }) => (spec?.suspend ? "True" : "False") },
    { name: "Active", type: "integer", value: ({ status }) => status?.active?.length ?? 0 },
    {
      name: "Last Schedule",
      type: "string",
      value: ({ status }, now) => (status?.lastScheduleTime ? ageOf(status.lastScheduleTime, now) : "<none>"),
    },
    age,
    { name: "Containers", type: "string", priority: 1, value: ({ spec }) => containerNames(spec?.jobTemplate ?? {}) },
    { name: "Images", type: "string", priority: 1, value: ({ spec }) => imageNames(spec?.jobTemplate ?? {}) },
    {
      name: "Selector",
      type: "string",
      priority: 1,
      value: ({ spec }) => formatSelector(spec?.jobTemplate.spec.selector ?? {}) || "<none>",
    },
  ],
})
export type CronJob = KindOf<typeof CronJob>
