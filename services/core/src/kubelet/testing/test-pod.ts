import type { Pod } from "@wick/sdk/api/core/pod"
import type { ContainerStatus } from "@wick/sdk/api/core/pod-status"
import { isConditionTrue } from "@wick/sdk/api/meta/condition"
import type { SandboxConfig } from "../runtime/runtime.ts"

/** The end of a script of a container that ends at once when it is told to. */
export const obedient = "trap 'exit 0' TERM; sleep 1000 & wait"

export function isReady(pod: Pod | undefined): boolean {
  return isConditionTrue(pod?.status?.conditions, "Ready")
}

export function statusOf(pod: Pod | undefined, name = "main"): ContainerStatus | undefined {
  return pod?.status?.containerStatuses?.find((status) => status.name === name)
}

/** The sandbox of a pod that asks for nothing. */
export function plainSandbox(name: string, more: Partial<SandboxConfig> = {}): SandboxConfig {
  return {
    pod: { uid: `${name}-uid`, name, namespace: "default" },
    attempt: 0,
    hostname: name,
    logDirectory: "/logs",
    cgroupParent: "/wick-kltest",
    dns: undefined,
    hostNetwork: false,
    hostPid: false,
    hostIpc: false,
    shareProcesses: false,
    portMappings: [],
    sysctls: {},
    labels: {},
    annotations: {},
    privileged: false,
    seccomp: { kind: "unconfined" },
    ...more,
  }
}
