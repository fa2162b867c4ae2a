import type { ContainerStatus } from "@wick/sdk/api/core/pod-status"
import { formatTime } from "@wick/sdk/api/meta/time"
import type { PodContainer } from "../pod/observed.ts"
import type { Health } from "../pod/pod-actions.ts"
import type { ContainerRecord } from "../runtime/runtime.ts"

type State = NonNullable<ContainerStatus["state"]>

export interface Waiting {
  readonly reason: string
  readonly message?: string
}

export interface ContainerView {
  readonly container: PodContainer
  /** Newest first. */
  readonly attempts: readonly ContainerRecord[]
  readonly health: Health | undefined
  /** What it was given. */
  readonly resources: PodContainer["resources"] | undefined
  /** Why it does not run, when the kubelet knows better than "is being created". */
  readonly waiting: Waiting | undefined
  /** What one says of a container that nothing is known of yet. */
  readonly unstarted: Waiting
  /** Prefix of ids: `containerd`. */
  readonly scheme: string
  /** Init containers are ready when they have done their work. */
  readonly init: boolean
}

/** Pure: how the API tells of one container. */
export function containerStatus(view: ContainerView): ContainerStatus {
  const { container, attempts, scheme } = view
  const [newest, before] = attempts
  const waits = view.waiting !== undefined && newest?.state !== "running"
  const state: State = waits ? { waiting: { ...view.waiting } } : newest ? stateOf(newest, scheme) : unstarted(view)
  const last = waits ? newest : before
  const running = newest?.state === "running" && !waits
  const started = running && (view.health?.started ?? container.startupProbe === undefined)
  const completed = view.init && newest?.state === "exited" && newest.exitCode === 0
  return {
    name: container.name,
    state,
    lastState: last && last.state !== "running" ? { terminated: terminated(last, scheme) } : {},
    ready: completed || (running && (view.health?.ready ?? container.readinessProbe === undefined)),
    restartCount: newest?.attempt ?? 0,
    image: container.image ?? "",
    imageID: newest?.imageId ?? "",
    ...(newest && { containerID: `${scheme}://${newest.id}` }),
    started,
    ...(view.resources && { resources: view.resources }),
    ...(view.resources?.requests && { allocatedResources: view.resources.requests }),
  }
}

function unstarted(view: ContainerView): State {
  return { waiting: { ...view.unstarted } }
}

function stateOf(record: ContainerRecord, scheme: string): State {
  if (record.state === "running") {
    return { running: { startedAt: formatTime(record.startedAtMs ?? record.createdAtMs) } }
  }
  if (record.state === "created") return { waiting: { reason: "ContainerCreating" } }
  return { terminated: terminated(record, scheme) }
}

/** 128 and a signal's number is how a shell, and containerd, tell of an end by signal. */
const signalBase = 128
const signalMax = 64

function terminated(record: ContainerRecord, scheme: string): NonNullable<State["terminated"]> {
  const exitCode = record.exitCode ?? 255
  const signal = exitCode > signalBase && exitCode <= signalBase + signalMax ? exitCode - signalBase : undefined
  return {
    exitCode,
    reason: record.reason ?? (exitCode === 0 ? "Completed" : "Error"),
    ...(record.message && { message: record.message }),
    startedAt: formatTime(record.startedAtMs ?? record.createdAtMs),
    finishedAt: formatTime(record.finishedAtMs ?? record.createdAtMs),
    containerID: `${scheme}://${record.id}`,
    ...(signal !== undefined && record.reason === undefined && { signal }),
  }
}
