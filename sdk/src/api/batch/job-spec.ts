import * as z from "zod"
import { PodTemplateSpec } from "../core/pod-template.ts"
import { atomicList, defaulted, flag, int32, int64, named, optional, required, setList, text } from "../field.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { ObjectMeta } from "../meta/object-meta.ts"

const batch = "io.k8s.api.batch.v1."
export const PodFailurePolicyOnExitCodesRequirement = named(
  `${batch}PodFailurePolicyOnExitCodesRequirement`,
  "Exit codes that a rule speaks of.",
  z.object({
    containerName: optional(text, "Name of the container; any when absent."),
    operator: required(text, "In or NotIn."),
    values: required(z.array(int32), "The exit codes, in order, without 0 for In.", setList),
  }),
)
export const PodFailurePolicyOnPodConditionsPattern = named(
  `${batch}PodFailurePolicyOnPodConditionsPattern`,
  "A condition of the pod that a rule speaks of.",
  z.object({
    type: required(text, "Type of the condition."),
    status: defaulted(text, "True", "Status of the condition."),
  }),
)
export const PodFailurePolicyRule = named(
  `${batch}PodFailurePolicyRule`,
  "What a pod that failed in a certain way means for the job.",
  z.object({
    action: required(text, "FailJob, FailIndex, Ignore or Count."),
    onExitCodes: optional(PodFailurePolicyOnExitCodesRequirement, "By exit code."),
    onPodConditions: optional(z.array(PodFailurePolicyOnPodConditionsPattern), "By condition of the pod.", atomicList),
  }),
)
export const PodFailurePolicy = named(
  `${batch}PodFailurePolicy`,
  "What failed pods mean for the job.",
  z.object({ rules: required(z.array(PodFailurePolicyRule), "Rules; the first that fits counts.", atomicList) }),
)
export const SuccessPolicyRule = named(
  `${batch}SuccessPolicyRule`,
  "Which indexes must succeed; all parts must hold.",
  z.object({
    succeededIndexes: optional(text, "Indexes, such as 1,3-5."),
    succeededCount: optional(int32, "How many of them."),
  }),
)
export const SuccessPolicy = named(
  `${batch}SuccessPolicy`,
  "When an indexed job has succeeded before all indexes have.",
  z.object({ rules: required(z.array(SuccessPolicyRule), "Rules, of which one must hold.", atomicList) }),
)

export const JobSpec = named(
  `${batch}JobSpec`,
  "What a job should do.",
  z.object({
    parallelism: optional(int32, "Pods that may run at a time."),
    completions: optional(int32, "Pods that must succeed."),
    activeDeadlineSeconds: optional(int64, "Seconds after which the job has failed."),
    podFailurePolicy: optional(PodFailurePolicy, "What failed pods mean for the job."),
    successPolicy: optional(SuccessPolicy, "When the job has succeeded early."),
    backoffLimit: optional(int32, "Failures after which the job has failed."),
    backoffLimitPerIndex: optional(int32, "Failures after which an index has failed."),
    maxFailedIndexes: optional(int32, "Failed indexes after which the job has failed."),
    selector: optional(LabelSelector, "The pods that belong to it; made by the server."),
    manualSelector: optional(flag, "Whether the selector was written by hand."),
    template: required(PodTemplateSpec, "The pods that it makes."),
    ttlSecondsAfterFinished: optional(int32, "Seconds after its end at which the job is removed."),
    completionMode: optional(text, "NonIndexed, or Indexed to number the pods."),
    suspend: optional(flag, "Whether the job waits, without pods."),
    podReplacementPolicy: optional(text, "When a pod is replaced: TerminatingOrFailed, or Failed to wait for its end."),
    managedBy: optional(text, "Controller that runs the job; the built-in one when absent."),
  }),
)

export const JobTemplateSpec = named(
  `${batch}JobTemplateSpec`,
  "The jobs that are made.",
  z.object({
    metadata: optional(ObjectMeta, "Labels and annotations of the jobs."),
    spec: required(JobSpec, "What the jobs should do."),
  }),
)
