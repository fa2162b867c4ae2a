import type { Pod } from "@wick/sdk/api/core/pod"
import type { ContainerRecord, SandboxRecord } from "../runtime/runtime.ts"

export type PodContainer = Pod["spec"]["containers"][number]

/** What the runtime has of one pod. */
export interface Observed {
  readonly sandboxes: readonly SandboxRecord[]
  readonly containers: readonly ContainerRecord[]
}

export const nothingObserved: Observed = { sandboxes: [], containers: [] }

/** The newest sandbox, ready or not. */
export function newestSandbox(observed: Observed): SandboxRecord | undefined {
  return observed.sandboxes.reduce<SandboxRecord | undefined>(
    (newest, sandbox) => (newest && newest.attempt >= sandbox.attempt ? newest : sandbox),
    undefined,
  )
}

/** Attempts of a container, newest first. */
export function attemptsOf(observed: Observed, name: string): ContainerRecord[] {
  return observed.containers.filter((record) => record.name === name).sort((a, b) => b.attempt - a.attempt)
}

export function newestAttempt(observed: Observed, name: string): ContainerRecord | undefined {
  return attemptsOf(observed, name)[0]
}

/** An init container that goes on running beside the others. */
export function isSidecar(container: PodContainer): boolean {
  return container.restartPolicy === "Always"
}

export function isTerminal(phase: string | undefined): boolean {
  return phase === "Succeeded" || phase === "Failed"
}

/** `name_namespace(uid)`, as the kubelet's messages name a pod. */
export function describePod(pod: Pod): string {
  return `${pod.metadata.name}_${pod.metadata.namespace}(${pod.metadata.uid})`
}
