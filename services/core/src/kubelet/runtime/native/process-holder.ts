import type { ContainerConfig, SandboxConfig } from "../runtime.ts"

/** No container of a pod may have such a name. */
const holderName = "wick.dev/processes"
/** What is ended last when memory is short. */
const oomScoreAdjust = -998

/**
 * A container more in a pod whose containers share their processes: the first of them, which the others join. It does
 * nothing but reap what they leave behind; when it ends, the kernel ends all of them.
 */
export function holderConfig({ pod, attempt, seccomp }: SandboxConfig, imageId: string): ContainerConfig {
  return {
    ...{ pod, name: holderName, attempt, imageId, image: imageId, logPath: "processes.log" },
    ...{ command: [], args: [], workingDirectory: "", env: [], mounts: [], devices: [], ports: [] },
    ...{ labels: {}, annotations: {}, stdin: false, stdinOnce: false, tty: false },
    resources: { cpuShares: 2, cpuQuota: 0, cpuPeriod: 0, memoryLimit: 0, oomScoreAdjust },
    security: {
      ...{ privileged: false, runAsUser: undefined, runAsGroup: undefined, supplementalGroups: [] },
      ...{ readOnlyRootFilesystem: true, addCapabilities: [], dropCapabilities: ["ALL"], noNewPrivileges: true },
      ...{ seccomp, appArmor: undefined, maskedPaths: [], readOnlyPaths: [] },
    },
  }
}

export function isHolder({ name }: { readonly name: string }): boolean {
  return name === holderName
}
