import { rm } from "node:fs/promises"
import { runHook } from "../container/lifecycle-hook.ts"
import type { FirstProcess } from "../runtime/first-process.ts"
import type { ContainerRecord } from "../runtime/runtime.ts"
import { isRunning } from "./pod-actions.ts"
import type { PodDeps } from "./pod-deps.ts"
import type { PodState } from "./pod-state.ts"

/** What is left of the grace period after a preStop hook is at least this, so that a process hears of its end. */
const graceSecondsMin = 2

/** Between two looks whether a process hears its stop signal: few start for longer, and some never hear it. */
const hearingMsMin = 20
const hearingMsMax = 1_000
/** After the signal: a program is deaf for as long as the last part of its loading takes. */
const watchedMsMin = 5
/** One that has run for longer has been loaded. */
const youngMsMax = 15_000
/** After the signal nobody is told of it for the first time any more. */
const againMsMax = 8_000

export interface StopOptions {
  readonly message: string
  /** The pod's own when undefined. */
  readonly graceSeconds: number | undefined
  /** Cuts a preStop hook short. */
  readonly signal: AbortSignal
}

/** Ends one container: hook, stop signal, and after the grace SIGKILL. Resolves when it has ended. */
export async function stopContainer(
  state: PodState,
  deps: PodDeps,
  record: ContainerRecord,
  options: StopOptions,
): Promise<void> {
  const { clock, runtime } = deps
  const container = state.container(record.name)
  const graceSeconds = options.graceSeconds ?? state.pod.spec.terminationGracePeriodSeconds
  const beganAt = clock.monotonic()
  state.tell("Normal", "Killing", options.message, container)
  const hook = container?.lifecycle?.preStop
  if (hook && container && graceSeconds > 0) {
    const podIp = state.podIps[0] ?? ""
    const context = { runtime, clock, container, containerId: record.id, podIp, signal: options.signal }
    const failure = await runHook(hook, context, graceSeconds * 1_000)
    if (failure !== undefined && !options.signal.aborted) {
      state.tell("Warning", "FailedPreStopHook", `PreStopHook failed: ${failure}`, container)
    }
  }
  const spentMs = clock.monotonic() - beganAt
  const restMs = graceSeconds === 0 ? 0 : Math.max(graceSecondsMin * 1_000, graceSeconds * 1_000 - spentMs)
  const process = restMs > 0 ? await runtime.firstProcess?.(record.id) : undefined
  const leftMs = process ? await untilHeard(process, deps, restMs, options.signal) : restMs
  const stopping = runtime.stopContainer(record.id, options.signal.aborted ? 0 : Math.ceil(leftMs / 1_000))
  const isYoung = clock.now() - (record.startedAtMs ?? 0) < youngMsMax
  await (process && isYoung ? Promise.all([stopping, tellUntil(stopping, process, deps)]) : stopping)
  await noteEnd(state, deps, record)
}

/**
 * Waits until the container's first process hears its stop signal, and says how much of its grace is left then. A program
 * that is told to end while it is still being loaded would never learn of it, and be waited for until its grace is over.
 */
async function untilHeard(
  process: FirstProcess,
  { clock }: PodDeps,
  graceMs: number,
  signal: AbortSignal,
): Promise<number> {
  const untilMs = clock.monotonic() + graceMs
  const leftMs = (): number => untilMs - clock.monotonic()
  for (let waitMs = hearingMsMin; !(await process.hearsStop()); waitMs = Math.min(2 * waitMs, hearingMsMax)) {
    if (leftMs() <= 0 || signal.aborted) return 0
    await clock.sleep(Math.min(waitMs, leftMs()), signal).catch(() => {})
  }
  // It has heard of its end a moment before the grace is over: it ends by itself, if it can.
  return Math.max(leftMs(), hearingMsMax)
}

/**
 * What runs a program may take its signals before the program does, and end by handing one on to the kernel, which drops
 * it for the first process of a container: Node's start does. Who was deaf after the signal and hears again is told again.
 * Of the last moments of a start that is not seen, so who is there still after a second or more is told again too.
 */
async function tellUntil(stopping: Promise<void>, process: FirstProcess, { clock }: PodDeps): Promise<void> {
  const over = new AbortController()
  const end = (): void => over.abort()
  stopping.then(end, end)
  const beganMs = clock.monotonic()
  let againMs = hearingMsMax
  let wasDeaf = false
  for (let waitMs = watchedMsMin; againMs <= againMsMax; waitMs = Math.min(1.2 * waitMs, hearingMsMax)) {
    await clock.sleep(waitMs, over.signal).catch(() => {})
    if (over.signal.aborted) return
    const hears = await process.hearsStop()
    const isDue = clock.monotonic() - beganMs >= againMs
    if (hears && (wasDeaf || isDue)) await process.tellAgain()
    if (isDue) againMs *= 2
    wasDeaf = !hears
  }
}

/** The event of its end usually came before; else the runtime is asked. */
async function noteEnd(state: PodState, deps: PodDeps, record: ContainerRecord): Promise<void> {
  if (state.containers.get(record.id)?.state !== "running") return
  const now = await deps.runtime.container(record.id)
  const end = { exitCode: now?.exitCode ?? 137, atMs: now?.finishedAtMs ?? deps.clock.now() }
  const reason = now?.reason === "OOMKilled" ? { reason: now.reason } : {}
  await state.ended(record.id, { ...end, ...reason })
}

/** Ends all that runs of a pod, and its sandbox. What is left are records and logs. */
export async function endContainers(
  state: PodState,
  deps: PodDeps,
  options: { readonly graceSeconds: number; readonly signal: AbortSignal },
): Promise<void> {
  state.dropHealth()
  const running = [...state.containers.values()].filter(isRunning)
  await Promise.all(
    running.map((record) =>
      stopContainer(state, deps, record, { ...options, message: `Stopping container ${record.name}` }),
    ),
  )
  await stopSandboxes(state, deps)
}

export async function stopSandboxes(state: PodState, deps: PodDeps): Promise<void> {
  await Promise.all(
    [...state.sandboxes.values()].map(async (sandbox) => {
      if (!sandbox.ready) return
      await deps.runtime.stopSandbox(sandbox.id)
      if (state.sandboxes.has(sandbox.id)) state.keepSandbox({ ...sandbox, ready: false })
    }),
  )
}

/** Takes away everything that a pod has left on the node. */
export async function removePod(state: PodState, deps: PodDeps): Promise<void> {
  state.dropHealth()
  deps.images.forget(state.pod.metadata.uid)
  // A sandbox takes its containers with it.
  await Promise.all([...state.sandboxes.keys()].map((id) => deps.runtime.removeSandbox(id)))
  await Promise.all([...state.containers.keys()].map((id) => deps.runtime.removeContainer(id)))
  for (const id of [...state.sandboxes.keys(), ...state.containers.keys()]) state.forget(id)
  await Promise.all([state.volumes.remove(), rm(state.logDirectory, { recursive: true, force: true })])
}

/** Attempts before the last two are of no use any more: one tells the state, one how it ended before. */
export async function removeOldAttempts(state: PodState, deps: PodDeps): Promise<void> {
  const newest = new Map<string, number>()
  for (const { name, attempt } of state.containers.values()) {
    newest.set(name, Math.max(newest.get(name) ?? 0, attempt))
  }
  const old = [...state.containers.values()].filter(
    ({ name, attempt, state: now }) => now !== "running" && attempt < (newest.get(name) ?? 0) - 1,
  )
  await Promise.all(
    old.map(async (record) => {
      await deps.runtime.removeContainer(record.id)
      await rm(record.logPath, { force: true })
      state.forget(record.id)
    }),
  )
  // Sandboxes that a newer one has replaced.
  const sandboxes = [...state.sandboxes.values()].sort((a, b) => b.attempt - a.attempt)
  const replaced = sandboxes
    .slice(1)
    .filter(({ id }) => ![...state.containers.values()].some(({ sandboxId }) => sandboxId === id))
  for (const { id } of replaced) {
    await deps.runtime.stopSandbox(id)
    await deps.runtime.removeSandbox(id)
    state.forget(id)
  }
}
