import { type Containerd, type CriCalls, type CriVerb, RuntimeCallError } from "#containerd"
import { fromContainer, fromImage, fromSandbox, fromSandboxStatus, toContainer, toSandbox } from "./cri-messages.ts"
import {
  type Credentials,
  type ImageRecord,
  type Runtime,
  RuntimeError,
  type RuntimeNotice,
  type StreamRequest,
} from "./runtime.ts"

/** Beyond the grace period a container is killed; this long the call itself may last after that. */
const stopMarginMs = 60_000
/** CRI kills a command at its timeout and says so; the call lasts a little longer. */
const execMarginMs = 2_000

/** Runs pods on containerd through CRI. */
export function criRuntime(containerd: Containerd): Runtime {
  const call = async <Verb extends CriVerb>(
    verb: Verb,
    request: CriCalls[Verb][0],
    options?: { deadlineMs?: number; signal?: AbortSignal | undefined },
  ): Promise<CriCalls[Verb][1]> => {
    try {
      return await containerd.cri.call(verb, request, options)
    } catch (error) {
      throw asRuntimeError(error)
    }
  }
  return {
    scheme: "containerd",
    version: async () => {
      const { runtimeName, runtimeVersion } = await call("Version", {})
      return `${runtimeName}://${runtimeVersion}`
    },
    list: async () => {
      const [sandboxes, containers] = await Promise.all([call("ListPodSandbox", {}), call("ListContainers", {})])
      const sandboxStates = (sandboxes.items ?? []).map(({ id: podSandboxId }) =>
        call("PodSandboxStatus", { podSandboxId }).catch(goneIsUndefined),
      )
      const states = (containers.containers ?? []).map(({ id: containerId }) =>
        call("ContainerStatus", { containerId }).catch(goneIsUndefined),
      )
      const sandboxOf = new Map((containers.containers ?? []).map(({ id, podSandboxId }) => [id, podSandboxId]))
      return {
        sandboxes: (await Promise.all(sandboxStates)).flatMap((found) =>
          found?.status ? [fromSandboxStatus(found.status)] : [],
        ),
        containers: (await Promise.all(states)).flatMap((found) =>
          found?.status ? [fromContainer(found.status, sandboxOf.get(found.status.id) ?? "")] : [],
        ),
      }
    },
    runSandbox: async (config, signal) => {
      const { podSandboxId = "" } = await call("RunPodSandbox", { config: toSandbox(config) }, { signal })
      if (config.hostNetwork) return fromSandbox(podSandboxId, config)
      const { status } = await call("PodSandboxStatus", { podSandboxId })
      return status ? fromSandboxStatus(status) : fromSandbox(podSandboxId, config)
    },
    stopSandbox: async (podSandboxId) => {
      await call("StopPodSandbox", { podSandboxId }, { deadlineMs: stopMarginMs }).catch(goneIsUndefined)
    },
    removeSandbox: async (podSandboxId) => {
      await call("RemovePodSandbox", { podSandboxId }, { deadlineMs: stopMarginMs }).catch(goneIsUndefined)
    },
    createContainer: async (sandbox, config, sandboxConfig) => {
      const request = {
        podSandboxId: sandbox.id,
        config: toContainer(config, sandboxConfig),
        sandboxConfig: toSandbox(sandboxConfig),
      }
      return (await call("CreateContainer", request)).containerId ?? ""
    },
    startContainer: async (containerId) => {
      await call("StartContainer", { containerId })
    },
    container: async (containerId) => {
      const found = await call("ContainerStatus", { containerId }).catch(goneIsUndefined)
      return found?.status && fromContainer(found.status, "")
    },
    stopContainer: async (containerId, graceSeconds) => {
      const deadlineMs = graceSeconds * 1_000 + stopMarginMs
      await call("StopContainer", { containerId, timeout: graceSeconds }, { deadlineMs }).catch(goneIsUndefined)
    },
    removeContainer: async (containerId) => {
      await call("RemoveContainer", { containerId }).catch(goneIsUndefined)
    },
    reopenLog: async (containerId) => {
      await call("ReopenContainerLog", { containerId })
    },
    execSync: async (containerId, command, timeoutMs) => {
      const request = { containerId, cmd: [...command], timeout: Math.ceil(timeoutMs / 1_000) }
      const answer = await call("ExecSync", request, { deadlineMs: timeoutMs + execMarginMs })
      return {
        exitCode: answer.exitCode ?? 0,
        stdout: Buffer.from(answer.stdout ?? []),
        stderr: Buffer.from(answer.stderr ?? []),
      }
    },
    streamUrl: async (request) => {
      const { url = "" } = await openStream(call, request)
      return url
    },
    image: async (reference) => {
      const { image } = await call("ImageStatus", { image: { image: reference } })
      return image && fromImage(image)
    },
    images: async () => ((await call("ListImages", {})).images ?? []).map(fromImage),
    pullImage: async (reference, credentials, signal) => {
      const request = { image: { image: reference }, auth: credentials && toAuth(credentials) }
      return (await call("PullImage", request, { signal })).imageRef ?? ""
    },
    removeImage: async (id) => {
      await call("RemoveImage", { image: { image: id } }).catch(goneIsUndefined)
    },
    onEvent: (listener) =>
      containerd.onEvent((event) => {
        const notice = noticeOf(event)
        if (notice) listener(notice)
      }),
    [Symbol.asyncDispose]: () => containerd[Symbol.asyncDispose](),
  } satisfies Runtime & { images(): Promise<ImageRecord[]> }
}

type Call = <Verb extends CriVerb>(verb: Verb, request: CriCalls[Verb][0]) => Promise<CriCalls[Verb][1]>

function openStream(call: Call, request: StreamRequest): Promise<{ url?: string | undefined }> {
  if (request.kind === "port-forward") {
    return call("PortForward", { podSandboxId: request.sandboxId, port: [...request.ports] })
  }
  const { containerId, streams } = request
  if (request.kind === "attach") return call("Attach", { containerId, ...streams })
  return call("Exec", { containerId, cmd: [...request.command], ...streams })
}

function noticeOf(event: Parameters<Parameters<Containerd["onEvent"]>[0]>[0]): RuntimeNotice | undefined {
  if (event.kind === "connected") return { kind: "relist" }
  if (event.kind === "disconnected") return undefined
  if (event.kind === "out-of-memory") return { kind: "out-of-memory", id: event.containerId }
  return { kind: "exited", id: event.containerId, exitCode: event.exitCode, atMs: event.atMs }
}

function toAuth({ username, password, server, identityToken }: Credentials) {
  return { username, password, serverAddress: server, identityToken }
}

function goneIsUndefined(error: unknown): undefined {
  if (error instanceof RuntimeError && error.kind === "not-found") return undefined
  throw error
}

function asRuntimeError(error: unknown): unknown {
  if (!(error instanceof RuntimeCallError)) return error
  const kind = error.notFound
    ? "not-found"
    : error.unavailable
      ? "unavailable"
      : error.deadlineExceeded
        ? "timed-out"
        : "failed"
  return new RuntimeError(kind, error.details)
}
