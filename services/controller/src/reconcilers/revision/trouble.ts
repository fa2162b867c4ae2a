import type { Deployment } from "@wick/sdk/api/apps/deployment"
import type { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import type { Pod } from "@wick/sdk/api/core/pod"
import { isFalse, isUnknown, type Mark } from "../../conditions.ts"

/** What keeps a revision from its first ready pod, as marks of the revision's conditions. */
export interface Trouble {
  readonly resources?: Mark
  readonly container?: Mark
}

/** Waiting reasons that do not pass by themselves: the user must change something. */
const lasting = new Set(["ErrImagePull", "ImagePullBackOff", "ErrImageNeverPull", "InvalidImageName"])
/**
 * Those that pass when what is missing comes, such as a Secret that is applied after its Service: until the deployment's time is
 * over it is only waited for, as Knative does.
 */
const passing = new Set(["CreateContainerConfigError", "CreateContainerError", "RunContainerError"])

type ContainerStatus = NonNullable<NonNullable<Pod["status"]>["containerStatuses"]>[number]

/** What a pod that takes its time was last warned of, in the words of its node. */
export interface Warning {
  readonly reason: string
  readonly message: string
}

export interface Symptoms {
  readonly deployment: Deployment
  readonly podAutoscaler: PodAutoscaler | undefined
  readonly pods: readonly Pod[]
  readonly warning: Warning | undefined
  /** Whether a pod without a node only waits for one. */
  readonly patient: boolean
}

/**
 * Reads the reason out of pods and deployment, the most telling first: a container that exited, one that can never start,
 * a pod that no node takes, pods that cannot be made, a deadline that has passed and what was waited for, a container that runs
 * but is not ready, what else a pod waits for.
 */
export function troubleOf(symptoms: Symptoms): Trouble | undefined {
  const { deployment, podAutoscaler, pods, warning, patient } = symptoms
  // An init container has done its work when it has ended well.
  const starting = pods.flatMap(({ status }) =>
    (status?.initContainerStatuses ?? []).filter((each) => !hasSucceeded(each)),
  )
  const statuses = [...starting, ...pods.flatMap(({ status }) => status?.containerStatuses ?? [])]
  return (
    first(statuses, exited) ??
    first(statuses, (status) => cannotStart(status, lasting)) ??
    (patient ? undefined : first(pods, (pod) => unschedulable(pod, isFalse))) ??
    notMade(deployment) ??
    lateProgress(deployment, statuses) ??
    givenUp(deployment, podAutoscaler) ??
    first(statuses, (status) => notReady(status, warning)) ??
    first(statuses, (status) => notStarted(status, warning)) ??
    first(pods, (pod) => unschedulable(pod, isUnknown))
  )
}

function first<Item>(items: readonly Item[], look: (item: Item) => Trouble | undefined): Trouble | undefined {
  for (const item of items) {
    const found = look(item)
    if (found) return found
  }
  return undefined
}

function hasSucceeded({ state }: ContainerStatus): boolean {
  return state?.terminated?.exitCode === 0
}

function exited({ state, lastState }: ContainerStatus): Trouble | undefined {
  const end = state?.terminated ?? (state?.running ? undefined : lastState?.terminated)
  if (!end) return undefined
  const said = end.message?.trim() || (end.exitCode === 0 ? "container exited with no error" : end.reason)
  return { container: isFalse(`ExitCode${end.exitCode}`, `Container failed with: ${said}`) }
}

function cannotStart({ state }: ContainerStatus, reasons: ReadonlySet<string>): Trouble | undefined {
  const waiting = state?.waiting
  if (!waiting?.reason || !reasons.has(waiting.reason)) return undefined
  return { resources: isFalse(waiting.reason, waiting.message ?? waiting.reason) }
}

function unschedulable({ status }: Pod, mark: typeof isFalse): Trouble | undefined {
  const scheduled = status?.conditions?.find(({ type }) => type === "PodScheduled")
  if (scheduled?.status !== "False") return undefined
  return { resources: mark(scheduled.reason ?? "Unschedulable", scheduled.message ?? "no node can run the pod") }
}

function condition(deployment: Deployment, type: string) {
  return deployment.status?.conditions?.find((each) => each.type === type)
}

function notMade(deployment: Deployment): Trouble | undefined {
  const failure = condition(deployment, "ReplicaFailure")
  if (failure?.status !== "True") return undefined
  return { resources: isFalse(failure.reason ?? "FailedCreate", failure.message ?? "pods cannot be created") }
}

function lateProgress(deployment: Deployment, statuses: readonly ContainerStatus[]): Trouble | undefined {
  const progressing = condition(deployment, "Progressing")
  if (progressing?.status !== "False" || progressing.reason !== "ProgressDeadlineExceeded") return undefined
  const inVain = first(statuses, (status) => cannotStart(status, passing))
  if (inVain) return inVain
  return { resources: isFalse("ProgressDeadlineExceeded", progressing.message ?? neverAchieved) }
}

const neverAchieved = "Initial scale was never achieved"

/** The autoscaler has taken the pods away because none became ready in time: the deployment has nothing to say of it. */
function givenUp({ spec }: Deployment, podAutoscaler: PodAutoscaler | undefined): Trouble | undefined {
  const conditions = podAutoscaler?.status?.conditions ?? []
  const status = (wanted: string) => conditions.find(({ type }) => type === wanted)?.status
  if (spec?.replicas !== 0 || status("Active") !== "False") return undefined
  if (status("ScaleTargetInitialized") === "True") return undefined
  return { resources: isFalse("ProgressDeadlineExceeded", neverAchieved) }
}

/** It may still become ready, so this is no failure; but whoever waits should know what it is waiting for. */
function notReady({ state, ready, name }: ContainerStatus, warning: Warning | undefined): Trouble | undefined {
  if (!state?.running || ready) return undefined
  const message = warning?.message ?? `container ${name} runs but is not ready yet`
  return { container: isUnknown("ContainerNotReady", message) }
}

/** The same of one that was not tried yet: a volume of its pod may be missing, which nothing but a warning says. */
function notStarted({ state }: ContainerStatus, warning: Warning | undefined): Trouble | undefined {
  const waiting = state?.waiting
  if (!waiting) return undefined
  if (waiting.reason && waiting.message) return { resources: isUnknown(waiting.reason, waiting.message) }
  return warning && { resources: isUnknown(warning.reason, warning.message) }
}
