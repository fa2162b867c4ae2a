import type { Pod } from "@wick/sdk/api/core/pod"
import { describePod, type PodContainer } from "../pod/observed.ts"
import type { AppArmorProfile, ContainerSecurity, ImageRecord, SeccompProfile } from "../runtime/runtime.ts"
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
    appArmor: appArmor(own.appArmorProfile ?? annotated(pod, container.name) ?? ofPod.appArmorProfile),
    maskedPaths: unmasked ? [] : maskedPathsDefault,
    readOnlyPaths: unmasked ? [] : readOnlyPathsDefault,
  }
}

/** How a pod names a profile, of seccomp and of AppArmor. */
interface NamedProfile {
  readonly type: string
  readonly localhostProfile?: string | undefined
}

export function seccomp(profile: NamedProfile | undefined, directory: string): SeccompProfile {
  if (profile?.type === "RuntimeDefault") return { kind: "runtime-default" }
  if (profile?.type === "Localhost") return { kind: "localhost", path: `${directory}/${profile.localhostProfile}` }
  return { kind: "unconfined" }
}

function appArmor(profile: NamedProfile | undefined): AppArmorProfile | undefined {
  if (profile?.type === "RuntimeDefault") return { kind: "runtime-default" }
  if (profile?.type === "Localhost") return { kind: "localhost", name: profile.localhostProfile ?? "" }
  return profile && { kind: "unconfined" }
}

const appArmorAnnotation = "container.apparmor.security.beta.kubernetes.io/"
const localhostPrefix = "localhost/"

/** As pods said it before there was a field. */
function annotated({ metadata }: Pod, container: string): NamedProfile | undefined {
  const value = metadata.annotations?.[appArmorAnnotation + container]
  if (value === "runtime/default") return { type: "RuntimeDefault" }
  if (value === "unconfined") return { type: "Unconfined" }
  if (!value?.startsWith(localhostPrefix)) return undefined
  return { type: "Localhost", localhostProfile: value.slice(localhostPrefix.length) }
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
