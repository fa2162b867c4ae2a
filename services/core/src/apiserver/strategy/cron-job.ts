import type { CronJob } from "@wick/sdk/api/batch/cron-job"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { scheduleMistake } from "./cron-schedule.ts"
import { forgetStatus } from "./initial-status.ts"
import { jobSpecMistakes } from "./job.ts"
import { invalid, notNegative, oneOf, required, unsupported } from "./mistake.ts"
import { labelsMistakes } from "./name-format.ts"
import { selectorMistakes } from "./selector.ts"
import type { Strategy } from "./strategy.ts"
import { fillPodSpec } from "./template.ts"

/** A job's name is the cron job's and eleven characters for its time, and must still be a label. */
const nameMax = 52

export const cronJobs: Strategy = {
  prepareCreate(object) {
    forgetStatus(object)
    fillPodSpec((object as unknown as CronJob).spec.jobTemplate.spec.template.spec)
  },
  prepareUpdate: (object) => fillPodSpec((object as unknown as CronJob).spec.jobTemplate.spec.template.spec),
  validate(object, old) {
    const { metadata, spec } = object as unknown as CronJob
    const { jobTemplate: template } = spec
    const isSame = (old as unknown as CronJob | undefined)?.spec.timeZone === spec.timeZone
    return [
      ...(metadata.name.length > nameMax
        ? [invalid("metadata.name", metadata.name, `must be no more than ${nameMax} characters`)]
        : []),
      ...(spec.schedule === "" ? [required("spec.schedule")] : scheduleMistakes(spec.schedule)),
      ...notNegative("spec.startingDeadlineSeconds", spec.startingDeadlineSeconds),
      // A zone that the world has renamed meanwhile stays good for those that have it.
      ...(old && isSame ? [] : timeZoneMistakes(spec.timeZone)),
      ...oneOf("spec.concurrencyPolicy", spec.concurrencyPolicy, ["Allow", "Forbid", "Replace"]),
      ...labelsMistakes("spec.jobTemplate.labels", template.metadata?.labels),
      ...(template.spec.manualSelector
        ? [unsupported("spec.jobTemplate.spec.manualSelector", true, ["nil", "false"])]
        : []),
      ...selectorMistakes("spec.jobTemplate.spec.selector", template.spec.selector),
      ...jobSpecMistakes("spec.jobTemplate.spec", template.spec),
      ...notNegative("spec.successfulJobsHistoryLimit", spec.successfulJobsHistoryLimit),
      ...notNegative("spec.failedJobsHistoryLimit", spec.failedJobsHistoryLimit),
    ]
  },
}

function scheduleMistakes(schedule: string): FieldError[] {
  if (/\b(TZ|CRON_TZ)=/.test(schedule)) {
    return [invalid("spec.schedule", schedule, "cannot use TZ or CRON_TZ in schedule, use timeZone field instead")]
  }
  const mistake = scheduleMistake(schedule)
  return mistake === undefined ? [] : [invalid("spec.schedule", schedule, mistake)]
}

function timeZoneMistakes(zone: string | undefined): FieldError[] {
  const field = "spec.timeZone"
  if (zone === undefined) return []
  if (zone === "") return [invalid(field, zone, "timeZone must be nil or non-empty string")]
  if (zone.toLowerCase() === "local") {
    const detail = "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones"
    return [invalid(field, zone, detail)]
  }
  return isTimeZone(zone) ? [] : [invalid(field, zone, `unknown time zone ${zone}`)]
}

function isTimeZone(zone: string): boolean {
  try {
    // An offset such as +01:00 is a zone for the formatter, but no name of one.
    return !/^[+-]/.test(zone) && new Intl.DateTimeFormat("en", { timeZone: zone }).format(0) !== ""
  } catch {
    return false
  }
}
