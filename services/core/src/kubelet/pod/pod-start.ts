import { chmod, mkdir, writeFile } from "node:fs/promises"
import { dirname, join } from "node:path"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Secret } from "@wick/sdk/api/core/secret"
import { tried } from "../container/backoff.ts"
import { containerConfig, isReadOnlyVolume, subPathOf } from "../container/container-config.ts"
import { ContainerConfigError, type EnvSources, envReferences } from "../container/env.ts"
import { runHook } from "../container/lifecycle-hook.ts"
import { ImageProblem } from "../image/images.ts"
import type { ImageRecord, SandboxConfig, SandboxRecord } from "../runtime/runtime.ts"
import { subPath } from "../volume/host-directory.ts"
import { VolumeProblem } from "../volume/payload.ts"
import { podDns } from "./dns.ts"
import { newestSandbox, type PodContainer } from "./observed.ts"
import type { PodPlan, Start } from "./pod-actions.ts"
import type { PodDeps } from "./pod-deps.ts"
import { stopContainer } from "./pod-end.ts"
import { containerImage, findObject } from "./pod-image.ts"
import type { PodState } from "./pod-state.ts"
import { runtimeHandler } from "./runtime-handler.ts"
import { hostsFile, sandboxConfig } from "./sandbox-config.ts"
import { traced } from "./start-trace.ts"

/** What cannot be made now is tried again after this time, or at once when what it waits for changes. */
const retryMs = 2_000
const sandboxRetryMs = 1_000

/**
 * The way from a bound pod to running containers, in one page. Everything that does not need the sandbox happens while
 * the runtime makes it: it is the longest step, and a sandbox from a pool or containers made without one would take the
 * place of `makeSandbox` alone. The status is told after each step and nobody waits for that.
 */
export async function startPlanned(state: PodState, deps: PodDeps, plan: PodPlan, signal: AbortSignal): Promise<void> {
  const config = sandboxConfigOf(state, deps, plan.sandbox?.attempt ?? newestSandbox(state.observed)?.attempt ?? 0)
  // 1. All at once: sandbox, volumes, images, sources of the environment, files of our own.
  const makingSandbox = plan.sandbox ? makeSandbox(state, deps, config, signal) : newestSandbox(state.observed)
  const mounting = () => state.volumes.prepare(state.pod, state.place, signal)
  const hasVolumes = (state.pod.spec.volumes ?? []).length > 0
  const volumes = settle(hasVolumes ? traced(state.trace, "MountVolumes", {}, mounting) : mounting())
  const ready = plan.starts.map((start) => ({
    start,
    image: settle(containerImage(state, deps, start.container, signal)),
    sources: settle(fetchSources(state, deps, start.container, signal)),
    files: settle(makeFiles(state, start)),
  }))
  const directory = settle(mkdir(state.directory, { recursive: true }))
  // 2. The address is known: tell it, others can prepare for the pod.
  const sandbox = await makingSandbox
  if (!sandbox) return
  if (plan.sandbox) state.publish()
  const writingHosts = settle(writeHosts(state, deps, directory))
  // 3. The containers in their order; one that cannot be made does not keep the others back.
  for (const { start, image, sources, files } of ready) {
    if (signal.aborted) return
    try {
      const [paths] = await Promise.all([value(volumes), value(writingHosts), value(files)])
      const [present, fetched] = await Promise.all([value(image), value(sources)])
      const all = { start, sandbox, config, image: present, sources: fetched, paths }
      await deps.slots.use(async () => signal.aborted || startContainer(state, deps, all, signal), "begun")
    } catch (error) {
      if (signal.aborted) return
      hold(state, deps, start, error)
    }
    state.publish()
  }
}

async function makeSandbox(
  state: PodState,
  deps: PodDeps,
  config: SandboxConfig,
  signal: AbortSignal,
): Promise<SandboxRecord | undefined> {
  try {
    // One whose process has died still has its address, until it is stopped.
    await Promise.all([...state.sandboxes.keys()].map((id) => deps.runtime.stopSandbox(id)))
    // Never given up half-way, even for a pod that must end: a sandbox whose id we do not learn could not be removed.
    const running = () => deps.slots.use(async () => (signal.aborted ? undefined : runSandbox(state, deps, config)))
    const sandbox = await traced(state.trace, "RunPodSandbox", {}, running)
    if (sandbox) state.keepSandbox(sandbox)
    return sandbox
  } catch (error) {
    if (signal.aborted) return undefined
    const message = `Failed to create pod sandbox: ${messageOf(error)}`
    state.tell("Warning", "FailedCreatePodSandBox", message)
    deps.log.warn("cannot create a sandbox", { pod: state.pod.metadata.name, error: messageOf(error) })
    const untilMs = deps.clock.now() + sandboxRetryMs
    for (const { name } of [...(state.pod.spec.initContainers ?? []), ...state.pod.spec.containers]) {
      state.heldUntilMs.set(name, untilMs)
    }
    return undefined
  }
}

/** While it is being made the runtime lists it to nobody: whoever is to remove all there is has to wait for it. */
async function runSandbox(state: PodState, deps: PodDeps, config: SandboxConfig): Promise<SandboxRecord> {
  const making = runtimeHandler(deps, state.pod).then((handler) => deps.runtime.runSandbox(config, handler))
  state.making = making
  try {
    return await making
  } finally {
    state.making = undefined
  }
}

interface Ready {
  readonly start: Start
  readonly sandbox: SandboxRecord
  readonly config: SandboxConfig
  readonly image: ImageRecord
  readonly sources: EnvSources
  /** Host paths of volumes by name. */
  readonly paths: ReadonlyMap<string, string>
}

async function startContainer(state: PodState, deps: PodDeps, ready: Ready, signal: AbortSignal): Promise<void> {
  const { runtime, clock } = deps
  const { start, sandbox, image } = ready
  const { container, attempt } = start
  const mounts = await mountsOf(state, deps, ready)
  const devices = devicesOf(ready)
  const config = containerConfig({ state, deps, start, image, sources: ready.sources, mounts, devices })
  const told = { "k8s.container.name": container.name }
  const creating = () => runtime.createContainer(sandbox, config, ready.config)
  const id = await traced(state.trace, "CreateContainer", told, creating).catch((error) => {
    throw new StartProblem("CreateContainerError", "Failed", messageOf(error))
  })
  if (start.failedAtMs !== undefined) {
    const backoff = tried(state.backoffs.get(container.name), start.failedAtMs, clock.now())
    state.backoffs.set(container.name, backoff)
  }
  const record = {
    id,
    sandboxId: sandbox.id,
    podUid: state.pod.metadata.uid,
    name: container.name,
    attempt,
    state: "created" as const,
    createdAtMs: clock.now(),
    image: container.image ?? "",
    imageId: image.digests[0] ?? image.id,
    logPath: join(state.logDirectory, config.logPath),
    annotations: {},
  }
  state.keepContainer(record)
  state.resources.set(id, container.resources)
  state.tell("Normal", "Created", `Created container: ${container.name}`, container)
  // The pod is to end: what never ran need not be stopped.
  if (signal.aborted) return
  try {
    await traced(state.trace, "StartContainer", told, () => runtime.startContainer(id))
    state.trace?.started(container.name)
  } catch (error) {
    await state.ended(id, { exitCode: 128, atMs: clock.now(), reason: "StartError", message: messageOf(error) })
    throw new StartProblem("RunContainerError", "Failed", messageOf(error))
  }
  state.waiting.delete(container.name)
  state.heldUntilMs.delete(container.name)
  state.tell("Normal", "Started", `Started container ${container.name}`, container)
  // It may have ended already: the runtime's event came first.
  if (state.containers.get(id)?.state === "created") {
    const running = { ...record, state: "running" as const, startedAtMs: clock.now() }
    state.keepContainer(running)
    await afterStart(state, deps, container, id, signal)
    if (state.containers.get(id)?.state === "running") state.watchHealth(running)
  }
}

/** The container counts as running when its postStart hook is done; when that fails, it is ended. */
async function afterStart(state: PodState, deps: PodDeps, container: PodContainer, id: string, signal: AbortSignal) {
  const hook = container.lifecycle?.postStart
  if (!hook) return
  const podIp = state.podIps[0] ?? ""
  const failure = await runHook(hook, { ...deps, container, containerId: id, podIp, signal })
  const record = state.containers.get(id)
  if (failure === undefined || record?.state !== "running" || signal.aborted) return
  state.tell("Warning", "FailedPostStartHook", `PostStartHook failed: ${failure}`, container)
  await stopContainer(state, deps, record, { message: "FailedPostStartHook", graceSeconds: undefined, signal })
}

/** Why a container could not be started, as its status tells it. */
class StartProblem extends Error {
  readonly reason: string
  readonly event: string

  constructor(reason: string, event: string, message: string) {
    super(message)
    this.reason = reason
    this.event = event
  }
}

function hold(state: PodState, deps: PodDeps, { container }: Start, error: unknown): void {
  const message = messageOf(error)
  const nowMs = deps.clock.now()
  if (error instanceof ImageProblem) {
    state.waiting.set(container.name, error.waiting)
    state.heldUntilMs.set(container.name, error.retryAtMs)
    const { reason } = error.waiting
    if (error.fresh && reason === "ErrImagePull") {
      state.tell("Warning", "Failed", `Failed to pull image "${error.image}": ${message}`, container)
    }
    state.tell(
      "Warning",
      reason === "ImagePullBackOff" ? "BackOff" : "Failed",
      reason === "ImagePullBackOff" ? message : `Error: ${reason}`,
      container,
    )
    return
  }
  state.heldUntilMs.set(container.name, nowMs + retryMs)
  if (error instanceof VolumeProblem) {
    state.tell("Warning", "FailedMount", message)
    return
  }
  const reason =
    error instanceof ContainerConfigError
      ? "CreateContainerConfigError"
      : error instanceof StartProblem
        ? error.reason
        : "CreateContainerError"
  // After a failed start the container's own record, and its back-off, tell the story.
  if (reason === "RunContainerError") state.heldUntilMs.delete(container.name)
  state.waiting.set(container.name, { reason, message })
  state.tell("Warning", "Failed", `Error: ${message}`, container)
  deps.log.warn("cannot start a container", {
    pod: state.pod.metadata.name,
    container: container.name,
    reason,
    message,
  })
}

async function fetchSources(
  state: PodState,
  deps: PodDeps,
  container: PodContainer,
  _signal: AbortSignal,
): Promise<EnvSources> {
  const { configMaps, secrets } = envReferences(container)
  const [maps, kept] = await Promise.all([
    Promise.all(
      [...configMaps].map(
        async (name) => [name, (await findObject(deps, ConfigMap, state.pod, name)) ?? undefined] as const,
      ),
    ),
    Promise.all([...secrets].map(async (name) => [name, await findObject(deps, Secret, state.pod, name)] as const)),
  ])
  const decoded = (data: Readonly<Record<string, string>> = {}): Record<string, string> =>
    Object.fromEntries(Object.entries(data).map(([key, text]) => [key, Buffer.from(text, "base64").toString()]))
  return {
    configMaps: new Map(maps.flatMap(([name, map]) => (map ? [[name, map.data ?? {}] as const] : []))),
    secrets: new Map(kept.flatMap(([name, secret]) => (secret ? [[name, decoded(secret.data)] as const] : []))),
  }
}

async function makeFiles(state: PodState, { container, attempt }: Start): Promise<void> {
  const file = state.terminationFile(container.name, attempt)
  await Promise.all([mkdir(join(state.logDirectory, container.name), { recursive: true }), makeTerminationFile(file)])
}

/** The container's user, whoever that is, writes to it, also where our umask says otherwise. */
async function makeTerminationFile(file: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, "")
  await chmod(file, 0o666)
}

async function writeHosts(state: PodState, deps: PodDeps, directory: Settled<unknown>): Promise<void> {
  if (state.pod.spec.hostNetwork) return
  await value(directory)
  await writeFile(join(state.directory, "hosts"), hostsFile(state.pod, state.podIps, deps.clusterDns.domain))
}

async function mountsOf(state: PodState, deps: PodDeps, { start, paths, sources }: Ready) {
  const mounts = (start.container.volumeMounts ?? []).map(async (mount) => {
    const volume = pathOf(paths, mount.name)
    const part = subPathOf(mount, { state, deps, start, sources })
    const make = !isReadOnlyVolume(state.pod, mount.name)
    return { mount, hostPath: part ? await subPath(volume, part, make) : volume }
  })
  return Promise.all(mounts)
}

function devicesOf({ start, paths }: Ready) {
  const devices = start.container.volumeDevices ?? []
  return devices.map((device) => ({ device, hostPath: pathOf(paths, device.name) }))
}

function pathOf(paths: Ready["paths"], name: string): string {
  const path = paths.get(name)
  if (path === undefined) throw new ContainerConfigError(`volume "${name}" is not defined`)
  return path
}

function sandboxConfigOf(state: PodState, deps: PodDeps, attempt: number): SandboxConfig {
  return sandboxConfig(state.pod, attempt, {
    logDirectory: state.logDirectory,
    cgroupParent: deps.cgroupParent,
    dns: podDns(state.pod, deps.clusterDns, deps.hostDns),
    seccompDirectory: deps.directories.seccomp,
    domain: deps.clusterDns.domain,
  })
}

type Settled<T> = Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly error: unknown }>

/** A promise that is awaited later, and whose failure is no news until then. */
function settle<T>(promise: Promise<T>): Settled<T> {
  return promise.then(
    (value) => ({ ok: true as const, value }),
    (error) => ({ ok: false as const, error }),
  )
}

async function value<T>(settled: Settled<T>): Promise<T> {
  const outcome = await settled
  if (!outcome.ok) throw outcome.error
  return outcome.value
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
