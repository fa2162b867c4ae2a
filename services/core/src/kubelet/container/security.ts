import type { Pod } from "@wick/sdk/api/core/pod"
import { describePod, type PodContainer } from "../pod/observed.ts"
import type { ContainerSecurity, ImageRecord, SeccompProfile } from "../runtime/runtime.ts"
import { ContainerConfigError } from "./env.ts"

const maskedPathsDefault = [
  "/proc/acpi",
  "/proc/asound",
  "/proc/interrupts",
  "/proc/kcore",
  "/proc/keys",
  "/proc/latency_stats",
  "/proc/scsi",
  "/proc/timer_list",
  "/proc/timer_stats",
  "/sys/devices/virtual/powercap",
  "/sys/firmware",
]
// Under the first version of cgroups runc leaves the directory that holds the hierarchies writable.
const readOnlyPathsDefault = [
  "/proc/bus",
  "/proc/fs",
  "/proc/irq",
  "/proc/sys",
  "/proc/sysrq-trigger",
  "/sys/fs/cgroup",
]

/** Pure: a container's rights. The container's settings win over the pod's. Throws when the image contradicts them. */
export function containerSecurity(
  pod: Pod,
  container: PodContainer,
  image: ImageRecord,
  seccompDirectory: string,
): ContainerSecurity {
  const ofPod = pod.spec.securityContext
  const own = container.securityContext ?? {}
  const runAsUser = own.runAsUser ?? ofPod.runAsUser
  if (own.runAsNonRoot ?? ofPod.runAsNonRoot) refuseRoot(pod, container, runAsUser, image)
  const unmasked = own.procMount === "Unmasked" || own.privileged === true
  return {
    privileged: own.privileged ?? false,
    runAsUser,
    runAsGroup: own.runAsGroup ?? ofPod.runAsGroup,
    supplementalGroups: [...(ofPod.supplementalGroups ?? []), ...(ofPod.fsGroup === undefined ? [] : [ofPod.fsGroup])],
    readOnlyRootFilesystem: own.readOnlyRootFilesystem ?? false,
    addCapabilities: own.capabilities?.add ?? [],
    dropCapabilities: own.capabilities?.drop ?? [],
    noNewPrivileges: own.allowPrivilegeEscalation === false,
    seccomp: seccomp(own.seccompProfile ?? ofPod.seccompProfile, seccompDirectory),
    maskedPaths: unmasked ? [] : maskedPathsDefault,
    readOnlyPaths: unmasked ? [] : readOnlyPathsDefault,
  }
}

export function seccomp(
  profile: { readonly type: string; readonly localhostProfile?: string | undefined } | undefined,
  directory: string,
): SeccompProfile {
  if (profile?.type === "RuntimeDefault") return { kind: "runtime-default" }
  if (profile?.type === "Localhost") return { kind: "localhost", path: `${directory}/${profile.localhostProfile}` }
  return { kind: "unconfined" }
}

function refuseRoot(pod: Pod, container: PodContainer, runAsUser: number | undefined, image: ImageRecord): void {
  const who = `(pod: "${describePod(pod)}", container: ${container.name})`
  if (runAsUser !== undefined) {
    if (runAsUser === 0) {
      throw new ContainerConfigError(`container's runAsUser breaks non-root policy ${who}`)
    }
    return
  }
  if (image.user?.kind === "name") {
    throw new ContainerConfigError(
      `container has runAsNonRoot and image has non-numeric user (${image.user.name}), cannot verify user is non-root ${who}`,
    )
  }
  if (!image.user || image.user.id === 0) {
    throw new ContainerConfigError(`container has runAsNonRoot and image will run as root ${who}`)
  }
}
