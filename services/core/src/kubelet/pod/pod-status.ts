import type { Pod } from "@wick/sdk/api/core/pod"
import type { ContainerStatus, PodCondition, PodStatus } from "@wick/sdk/api/core/pod-status"
import { isConditionTrue, withCondition } from "@wick/sdk/api/meta/condition"
import { formatTime } from "@wick/sdk/api/meta/time"
import { containerStatus, type Waiting } from "../container/container-status.ts"
import { qosClass } from "../container/resources.ts"
import { attemptsOf, isSidecar, isTerminal, newestSandbox, type Observed, type PodContainer } from "./observed.ts"
import type { Health } from "./pod-actions.ts"
import type { ResizeCondition } from "./pod-resize.ts"

export interface StatusView {
  readonly pod: Pod
  readonly observed: Observed
  readonly health: ReadonlyMap<string, Health>
  readonly waiting: ReadonlyMap<string, Waiting>
  /** What containers were given, by id. */
  readonly resources: ReadonlyMap<string, PodContainer["resources"]>
  readonly resize?: ResizeCondition
  readonly scheme: string
  readonly hostIp: string
  /** When this node took the pod on. */
  readonly acceptedAtMs: number
  /** The pod is being deleted and nothing of it runs any more. */
  readonly ended: boolean
  /** The pod was given up as a whole: `DeadlineExceeded`, `Evicted`. */
  readonly verdict?: { readonly reason: string; readonly message: string }
}

/** Pure: the whole status of a pod. Times of transitions are kept from the status that the API has. */
export function podStatus(view: StatusView, nowMs: number): PodStatus {
  const { pod, observed, verdict } = view
  const inits = pod.spec.initContainers ?? []
  const ephemeral = (pod.spec.ephemeralContainers ?? []) as PodContainer[]
  const initialized = inits.length === 0
  const initStatuses = inits.map((container) => statusOf(view, container, true, { reason: "PodInitializing" }))
  const initsDone = inits.every((container, index) => isDone(container, initStatuses[index]))
  const unstarted = { reason: initialized || initsDone ? "ContainerCreating" : "PodInitializing" }
  const statuses = pod.spec.containers.map((container) => statusOf(view, container, false, unstarted))
  const phase = verdict ? "Failed" : phaseOf(view, initStatuses, statuses, initsDone)
  const sandbox = newestSandbox(observed)
  const ips = pod.spec.hostNetwork ? [view.hostIp] : sandbox?.ready ? sandbox.ips : knownIps(pod, phase)
  const facts = { phase, initsDone, unready: statuses.filter(({ ready }) => !ready).map(({ name }) => name) }
  return {
    phase,
    conditions: conditionsOf(view, facts, sandbox?.ready === true, nowMs),
    ...(verdict && { reason: verdict.reason, message: verdict.message }),
    hostIP: view.hostIp,
    hostIPs: [{ ip: view.hostIp }],
    ...(ips[0] !== undefined && { podIP: ips[0], podIPs: ips.map((ip) => ({ ip })) }),
    startTime: pod.status?.startTime ?? formatTime(view.acceptedAtMs),
    ...(inits.length > 0 && { initContainerStatuses: initStatuses }),
    containerStatuses: statuses,
    ...(ephemeral.length > 0 && {
      ephemeralContainerStatuses: ephemeral.map((one) => statusOf(view, one, false, { reason: "ContainerCreating" })),
    }),
    qosClass: pod.status?.qosClass ?? qosClass(pod),
  }
}

/** A pod that has ended keeps its address in the record; one whose sandbox is made anew will have another. */
function knownIps(pod: Pod, phase: string): string[] {
  return isTerminal(phase) || pod.metadata.deletionTimestamp ? (pod.status?.podIPs ?? []).map(({ ip }) => ip) : []
}

function statusOf(view: StatusView, container: PodContainer, init: boolean, unstarted: Waiting): ContainerStatus {
  const attempts = attemptsOf(view.observed, container.name)
  const newest = attempts[0]
  return containerStatus({
    container,
    attempts,
    health: newest && view.health.get(newest.id),
    resources: newest && view.resources.get(newest.id),
    waiting: view.waiting.get(container.name),
    unstarted,
    scheme: view.scheme,
    init: init && !isSidecar(container),
  })
}

function isDone(container: PodContainer, status: ContainerStatus | undefined): boolean {
  if (isSidecar(container)) return status?.started === true
  return status?.state?.terminated?.exitCode === 0
}

/**
 * | containers | phase |
 * |---|---|
 * | an init container failed for good | Failed |
 * | some init container, or a container that never ran, still waits | Pending |
 * | one runs, or will run again | Running |
 * | all ended, all with 0 (and none restarts) | Succeeded |
 * | all ended, one not with 0 (and none restarts) | Failed |
 */
function phaseOf(
  view: StatusView,
  initStatuses: readonly ContainerStatus[],
  statuses: readonly ContainerStatus[],
  initsDone: boolean,
): NonNullable<PodStatus["phase"]> {
  const { pod, ended } = view
  const { restartPolicy } = pod.spec
  const before = pod.status?.phase
  if (isTerminal(before)) return before as "Succeeded" | "Failed"
  const initFailed = initStatuses.some(
    (status, index) => !isSidecarAt(pod, index) && (status.state?.terminated?.exitCode ?? 0) !== 0,
  )
  if (initFailed && (restartPolicy === "Never" || ended)) return "Failed"
  const terminated = statuses.filter(({ state }) => state?.terminated)
  const neverRan = statuses.some(
    ({ state, lastState }) => !state?.running && !state?.terminated && !lastState?.terminated,
  )
  if (ended) {
    const allWell = !neverRan && statuses.every(({ state }) => state?.terminated?.exitCode === 0)
    return allWell ? "Succeeded" : "Failed"
  }
  if ((!initsDone && !statuses.some(({ state }) => state?.running)) || neverRan) return "Pending"
  if (terminated.length < statuses.length || restartPolicy === "Always") return "Running"
  if (terminated.every(({ state }) => state?.terminated?.exitCode === 0)) return "Succeeded"
  return restartPolicy === "Never" ? "Failed" : "Running"
}

function isSidecarAt(pod: Pod, index: number): boolean {
  const container = pod.spec.initContainers?.[index]
  return container !== undefined && isSidecar(container)
}

interface Facts {
  readonly phase: string
  readonly initsDone: boolean
  readonly unready: readonly string[]
}

function conditionsOf(view: StatusView, facts: Facts, sandboxReady: boolean, nowMs: number): PodCondition[] {
  const { pod } = view
  const now = formatTime(nowMs)
  const completed = facts.phase === "Succeeded"
  const gates = (pod.spec.readinessGates ?? []).filter(
    ({ conditionType }) => !isConditionTrue(pod.status?.conditions, conditionType),
  )
  const containersReady = readiness(facts)
  const ready =
    containersReady.status === "True" && gates.length > 0
      ? {
          status: "False" as const,
          reason: "ReadinessGatesNotReady",
          message: gates
            .map(
              ({ conditionType }) => `corresponding condition of pod readiness gate "${conditionType}" does not exist.`,
            )
            .join(", "),
        }
      : containersReady
  const initialized =
    facts.initsDone || completed
      ? { status: "True" as const, ...(completed && { reason: "PodCompleted" }) }
      : {
          status: "False" as const,
          reason: "ContainersNotInitialized",
          message: `containers with incomplete status: [${(pod.spec.initContainers ?? []).map(({ name }) => name).join(" ")}]`,
        }
  const next: Omit<PodCondition, "lastTransitionTime">[] = [
    { type: "PodReadyToStartContainers", status: sandboxReady ? "True" : "False" },
    { type: "Initialized", ...initialized },
    { type: "Ready", ...ready },
    { type: "ContainersReady", ...containersReady },
    { type: "PodScheduled", status: "True" },
    ...(view.resize ? [{ ...view.resize, status: "True" as const }] : []),
  ]
  const known = (pod.status?.conditions ?? []).filter(
    ({ type }) => type === view.resize?.type || !type.startsWith("PodResize"),
  )
  return next.reduce<PodCondition[]>((conditions, condition) => withCondition(conditions, condition, now), known)
}

function readiness({ phase, unready }: Facts): Omit<PodCondition, "type" | "lastTransitionTime"> {
  if (phase === "Succeeded") return { status: "False", reason: "PodCompleted" }
  if (phase === "Failed") return { status: "False", reason: "PodFailed" }
  if (unready.length === 0) return { status: "True" }
  return {
    status: "False",
    reason: "ContainersNotReady",
    message: `containers with unready status: [${unready.join(" ")}]`,
  }
}
