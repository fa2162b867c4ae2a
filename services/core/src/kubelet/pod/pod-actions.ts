import type { Pod } from "@wick/sdk/api/core/pod"
import { type Backoff, waitUntil } from "../container/backoff.ts"
import type { ContainerRecord, SandboxRecord } from "../runtime/runtime.ts"
import { attemptsOf, isSidecar, newestAttempt, newestSandbox, type Observed, type PodContainer } from "./observed.ts"

/** What probes say of a running container. */
export interface Health {
  /** It has passed its startup probe, or has none. */
  readonly started: boolean
  readonly ready: boolean
  /** A probe gave it up: it must be ended, and its restart policy decides what follows. */
  readonly failed?: { readonly probe: "liveness" | "startup"; readonly message: string; readonly graceSeconds?: number }
}

export interface PodView {
  readonly pod: Pod
  readonly observed: Observed
  /** By container id. */
  readonly health: ReadonlyMap<string, Health>
  /** By container name. */
  readonly backoffs: ReadonlyMap<string, Backoff>
  /** Containers that could not be created lately, by name, and until when they are left alone. */
  readonly heldUntilMs: ReadonlyMap<string, number>
}

export interface Start {
  readonly container: PodContainer
  readonly attempt: number
  readonly init: boolean
  /** Id of the container whose processes an ephemeral container sees. */
  readonly targetId?: string
  /** When its predecessor ended. */
  readonly failedAtMs?: number
}

export interface Stop {
  readonly record: ContainerRecord
  readonly message: string
  readonly graceSeconds: number | undefined
}

/** What is to be done about a pod, in the order of the fields. */
export interface PodPlan {
  readonly stops: readonly Stop[]
  /** Absent: the sandbox is as it should be. */
  readonly sandbox: { readonly attempt: number } | undefined
  readonly starts: readonly Start[]
  /** Containers that wait for their back-off: their names. */
  readonly backingOff: readonly string[]
  /** All has ended for good: nothing is started any more, and the sandbox can go. */
  readonly finished: boolean
  /** Look again then. */
  readonly wakeAtMs: number | undefined
}

const nothing: PodPlan = {
  stops: [],
  sandbox: undefined,
  starts: [],
  backingOff: [],
  finished: false,
  wakeAtMs: undefined,
}

/**
 * Pure: the whole decision about a pod that should run. The order of a pod's life: sandbox, init containers one after
 * the other (those that go on running count once started), then all others.
 */
export function podActions(view: PodView, nowMs: number): PodPlan {
  const { pod, observed } = view
  const newest = newestSandbox(observed)
  const sandbox = newest?.ready ? newest : undefined
  if (!sandbox && !worthSandbox(pod, observed)) return { ...nothing, finished: true }
  const inits = initStep(view, sandbox, nowMs)
  const step = inits.done ? mainStep(view, sandbox, nowMs) : inits
  const ephemeral = ephemeralStep(view, sandbox, nowMs)
  const renewed = sandbox ? undefined : { attempt: newest ? newest.attempt + 1 : 0 }
  // Without a sandbox nothing of it runs properly any more: what seems to run is ended first.
  const orphans = sandbox ? [] : observed.containers.filter(isRunning).map((record) => orphan(record))
  return {
    stops: [...orphans, ...step.stops, ...inits.stops.filter((stop) => !step.stops.includes(stop))],
    sandbox: step.finished || (step.starts.length === 0 && !sandbox) ? undefined : renewed,
    starts: step.finished ? [] : [...inits.restarts, ...step.starts, ...ephemeral.starts],
    backingOff: [...inits.backingOff, ...(inits.done ? step.backingOff : [])],
    finished: step.finished,
    wakeAtMs: earliest(earliest(inits.wakeAtMs, step.wakeAtMs), ephemeral.wakeAtMs),
  }
}

/**
 * Containers that were added to look into a running pod: started once, as soon as there is a sandbox (and the container
 * that they look at runs), never again, and of no weight for the pod's fate.
 */
function ephemeralStep(
  view: PodView,
  sandbox: SandboxRecord | undefined,
  nowMs: number,
): Pick<Step, "starts" | "wakeAtMs"> {
  let step: Pick<Step, "starts" | "wakeAtMs"> = { starts: [], wakeAtMs: undefined }
  if (!sandbox) return step
  for (const container of view.pod.spec.ephemeralContainers ?? []) {
    if (newestAttempt(view.observed, container.name)) continue
    const name = container.targetContainerName
    const target = name ? inSandbox(view.observed, name, sandbox) : undefined
    if (name && !(target && isRunning(target))) continue
    const next = startOrWait(view, container as PodContainer, false, nowMs)
    const starts = next.starts.map((start) => ({ ...start, ...(target && { targetId: target.id }) }))
    step = { starts: [...step.starts, ...starts], wakeAtMs: earliest(step.wakeAtMs, next.wakeAtMs) }
  }
  return step
}

interface Step {
  readonly done: boolean
  readonly stops: readonly Stop[]
  readonly starts: readonly Start[]
  /** Sidecars that ended and must run again, whatever else happens. */
  readonly restarts: readonly Start[]
  readonly backingOff: readonly string[]
  readonly finished: boolean
  readonly wakeAtMs: number | undefined
}

const emptyStep: Step = {
  done: false,
  stops: [],
  starts: [],
  restarts: [],
  backingOff: [],
  finished: false,
  wakeAtMs: undefined,
}

/** A pod whose containers have all ended, and will not be started again, needs no new sandbox. */
function worthSandbox(pod: Pod, observed: Observed): boolean {
  const ended = pod.spec.containers.map((container) => newestAttempt(observed, container.name))
  if (ended.some((record) => record === undefined)) {
    const failedInit = (pod.spec.initContainers ?? []).some((container) => {
      const record = newestAttempt(observed, container.name)
      return !isSidecar(container) && pod.spec.restartPolicy === "Never" && record !== undefined && failed(record)
    })
    return !failedInit
  }
  return ended.some((record) => record === undefined || !hasEnded(record) || restarts(pod, record))
}

function initStep(view: PodView, sandbox: SandboxRecord | undefined, nowMs: number): Step {
  const { pod, observed } = view
  const inits = pod.spec.initContainers ?? []
  const mainsBegan = pod.spec.containers.some((container) => inSandbox(observed, container.name, sandbox))
  let step: Step = { ...emptyStep, done: true }
  for (const container of inits) {
    const record = inSandbox(observed, container.name, sandbox)
    if (isSidecar(container)) {
      const next = sidecarStep(view, container, record, nowMs)
      step = { ...step, ...next, done: mainsBegan || next.done }
      if (!step.done) return { ...step, starts: step.restarts, restarts: [] }
      continue
    }
    if (mainsBegan || (record && hasEnded(record) && record.exitCode === 0)) continue
    if (record && isRunning(record)) return { ...step, done: false, stops: stopsOf(view, record) }
    if (record && failed(record) && pod.spec.restartPolicy === "Never") return { ...step, done: false, finished: true }
    return { ...step, done: false, ...startOrWait(view, container, true, nowMs) }
  }
  return step
}

function sidecarStep(view: PodView, container: PodContainer, record: ContainerRecord | undefined, nowMs: number) {
  if (record && isRunning(record)) {
    const started = view.health.get(record.id)?.started ?? container.startupProbe === undefined
    return { done: started, stops: stopsOf(view, record) }
  }
  const { starts, ...rest } = startOrWait(view, container, true, nowMs)
  return { done: false, restarts: starts, ...rest }
}

function mainStep(view: PodView, sandbox: SandboxRecord | undefined, nowMs: number): Step {
  const { pod, observed } = view
  let step: Step = { ...emptyStep, done: true }
  let alive = 0
  for (const container of pod.spec.containers) {
    const record = newestAttempt(observed, container.name)
    const lives = record !== undefined && isRunning(record) && record.sandboxId === sandbox?.id
    if (lives) {
      alive += 1
      step = { ...step, stops: [...step.stops, ...stopsOf(view, record)] }
      continue
    }
    if (record && hasEnded(record) && !restarts(pod, record)) continue
    alive += 1
    const next = startOrWait(view, container, false, nowMs)
    step = {
      ...step,
      starts: [...step.starts, ...next.starts],
      backingOff: [...step.backingOff, ...next.backingOff],
      wakeAtMs: earliest(step.wakeAtMs, next.wakeAtMs),
    }
  }
  return { ...step, finished: alive === 0 }
}

function startOrWait(view: PodView, container: PodContainer, init: boolean, nowMs: number) {
  const before = attemptsOf(view.observed, container.name)[0]
  const failedAtMs = before?.finishedAtMs ?? before?.createdAtMs
  const restartAtMs =
    failedAtMs === undefined ? undefined : waitUntil(view.backoffs.get(container.name), failedAtMs, nowMs)
  if (restartAtMs !== undefined) return { starts: [], backingOff: [container.name], wakeAtMs: restartAtMs }
  const heldUntilMs = view.heldUntilMs.get(container.name)
  if (heldUntilMs !== undefined && heldUntilMs > nowMs) return { starts: [], backingOff: [], wakeAtMs: heldUntilMs }
  const start: Start = {
    container,
    attempt: before ? before.attempt + 1 : 0,
    init,
    ...(failedAtMs !== undefined && { failedAtMs }),
  }
  return { starts: [start], backingOff: [], wakeAtMs: undefined }
}

function stopsOf(view: PodView, record: ContainerRecord): Stop[] {
  const failure = view.health.get(record.id)?.failed
  if (!failure) return []
  const outcome = view.pod.spec.restartPolicy === "Never" ? "" : ", will be restarted"
  const message = `Container ${record.name} failed ${failure.probe} probe${outcome}`
  return [{ record, message, graceSeconds: failure.graceSeconds }]
}

function orphan(record: ContainerRecord): Stop {
  return { record, message: `Container ${record.name} lost its sandbox`, graceSeconds: undefined }
}

function inSandbox(observed: Observed, name: string, sandbox: SandboxRecord | undefined): ContainerRecord | undefined {
  const record = newestAttempt(observed, name)
  return record && sandbox && record.sandboxId === sandbox.id ? record : undefined
}

export function isRunning(record: ContainerRecord): boolean {
  return record.state === "running"
}

/** One that was created and never started, by a kubelet that died in between, counts as ended: it is made again. */
function hasEnded(record: ContainerRecord): boolean {
  return record.state !== "running"
}

function failed(record: ContainerRecord): boolean {
  return hasEnded(record) && record.exitCode !== 0
}

function restarts(pod: Pod, record: ContainerRecord): boolean {
  if (pod.spec.restartPolicy === "Always" || record.state === "created") return true
  return pod.spec.restartPolicy === "OnFailure" && record.exitCode !== 0
}

function earliest(left: number | undefined, right: number | undefined): number | undefined {
  return left === undefined || right === undefined ? (left ?? right) : Math.min(left, right)
}
