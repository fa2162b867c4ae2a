import { existsSync } from "node:fs"
import { rm } from "node:fs/promises"
import { criRuntime, hasNativePrograms, type NativeRuntimeOptions, nativeRuntime, type Runtime } from "#kubelet"

/** Seconds that a container has between SIGTERM and SIGKILL when the whole node stops. */
const stopGraceSeconds = 2

/** Containerd's own API, or the one that it has for kubelets. */
export type ContainerMaker = "containerd" | "cri"

export interface OpenRuntime {
  readonly runtime: Runtime
  /** Gives back what is kept ready. Containers go on, and so does containerd. */
  close(): Promise<void>
}

/**
 * What makes containers on a node: CRI, or containerd's own API. Neither sees what the other has made, so pods that an
 * earlier start with the other one has left running are ended: their objects have them made anew.
 */
export async function openRuntime(
  wanted: ContainerMaker | undefined,
  options: NativeRuntimeOptions,
): Promise<OpenRuntime> {
  const maker = wanted ?? usualMaker(options)
  const { containerd, owner, directory } = options
  if (maker === "containerd") {
    await endPods(criRuntime(containerd, owner))
    const runtime = await nativeRuntime(options)
    return { runtime, close: async () => runtime[Symbol.asyncDispose]() }
  }
  if (existsSync(directory)) {
    const earlier = await nativeRuntime({ ...options, poolSize: 0 })
    await endPods(earlier)
    await earlier[Symbol.asyncDispose]()
    await rm(directory, { recursive: true, force: true })
  }
  return { runtime: criRuntime(containerd, owner), close: async () => {} }
}

/** CRI where others use this containerd too, and where programs of ours cannot run. */
export function usualMaker({ owner, cniBinDirs }: Pick<NativeRuntimeOptions, "owner" | "cniBinDirs">): ContainerMaker {
  return owner === undefined && hasNativePrograms(cniBinDirs) ? "containerd" : "cri"
}

/** Ends every container and removes every sandbox but those of `spared`: what is left of a pod is its object. */
export async function endPods(runtime: Runtime, spared: ReadonlySet<string> = new Set()): Promise<void> {
  const { containers, sandboxes } = await runtime.list()
  const ended = containers.filter(({ sandboxId }) => !spared.has(sandboxId))
  await Promise.allSettled(ended.map(({ id }) => runtime.stopContainer(id, stopGraceSeconds)))
  const removed = sandboxes.filter(({ id }) => !spared.has(id))
  await Promise.allSettled(
    removed.map(async ({ id }) => {
      await runtime.stopSandbox(id)
      await runtime.removeSandbox(id)
    }),
  )
}
