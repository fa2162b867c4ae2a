import { join } from "node:path"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { PodContainer } from "../pod/observed.ts"
import type { Start } from "../pod/pod-actions.ts"
import type { PodDeps } from "../pod/pod-deps.ts"
import type { PodState } from "../pod/pod-state.ts"
import { identityOf } from "../pod/sandbox-config.ts"
import type { ContainerConfig, ImageRecord, MountConfig } from "../runtime/runtime.ts"
import { ContainerConfigError, containerEnv, type EnvSources } from "./env.ts"
import { expand } from "./env-expansion.ts"
import { cgroupResources, qosClass } from "./resources.ts"
import { containerSecurity } from "./security.ts"
import { serviceEnv } from "./service-env.ts"

export interface ContainerInput {
  readonly state: PodState
  readonly deps: PodDeps
  readonly start: Start
  readonly image: ImageRecord
  readonly sources: EnvSources
  readonly mounts: readonly { readonly mount: VolumeMount; readonly hostPath: string }[]
  readonly devices: readonly { readonly device: VolumeDevice; readonly hostPath: string }[]
}

type VolumeMount = NonNullable<PodContainer["volumeMounts"]>[number]
type VolumeDevice = NonNullable<PodContainer["volumeDevices"]>[number]

/** What the runtime is told of a container. Throws `ContainerConfigError` when the pod cannot be as it is written. */
export function containerConfig(input: ContainerInput): ContainerConfig {
  const { state, deps, start, image } = input
  const { container, attempt } = start
  const { pod } = state
  const env = environment(input)
  const expanded = (texts: readonly string[] | undefined): string[] => (texts ?? []).map((text) => expand(text, env))
  return {
    pod: identityOf(pod),
    name: container.name,
    attempt,
    imageId: image.id,
    image: container.image ?? "",
    command: expanded(container.command),
    args: expanded(container.args),
    workingDirectory: container.workingDir ?? "",
    env: [...env].map(([name, value]) => ({ name, value })),
    mounts: mountsOf(input),
    devices: input.devices.map(({ device, hostPath }) => ({
      containerPath: device.devicePath,
      hostPath,
      readOnly: isReadOnlyVolume(pod, device.name),
    })),
    labels: {},
    annotations: {},
    logPath: `${container.name}/${attempt}.log`,
    stdin: container.stdin ?? false,
    stdinOnce: container.stdinOnce ?? false,
    tty: container.tty ?? false,
    resources: cgroupResources(container, qosClass(pod), deps.memoryBytes),
    security: containerSecurity(pod, container, image, deps.directories.seccomp),
    ...(start.targetId !== undefined && { targetId: start.targetId }),
    ports: (container.ports ?? []).map(({ containerPort }) => containerPort),
  }
}

function environment({
  state,
  deps,
  start,
  sources,
}: Omit<ContainerInput, "image" | "mounts" | "devices">): Map<string, string> {
  const { pod } = state
  const { namespace = "" } = pod.metadata
  const services = serviceEnv(deps.services, namespace, pod.spec.enableServiceLinks)
  return containerEnv(pod, start.container, state.place, sources, services)
}

/** The part of a volume that a mount shows, which may be named by the container's variables; "": all of it. */
export function subPathOf(mount: VolumeMount, input: Omit<ContainerInput, "image" | "mounts" | "devices">): string {
  if (!mount.subPathExpr) return mount.subPath ?? ""
  const path = expand(mount.subPathExpr, environment(input))
  if (!path.includes("$(")) return path
  const { name } = input.start.container
  throw new ContainerConfigError(`failed to prepare subPath for volumeMount "${mount.name}" of container "${name}"`)
}

const propagations: Readonly<Record<string, MountConfig["propagation"]>> = {
  HostToContainer: "host-to-container",
  Bidirectional: "bidirectional",
}
/** A volume that is read-only as a whole, whatever its mounts say. */
export function isReadOnlyVolume(pod: Pod, name: string): boolean {
  const volume = pod.spec.volumes?.find((each) => each.name === name)
  return volume?.image !== undefined || (volume?.persistentVolumeClaim ?? volume?.csi)?.readOnly === true
}

const hostsPath = "/etc/hosts"

function mountsOf({ state, start: { container, attempt }, mounts }: ContainerInput): MountConfig[] {
  const own: MountConfig[] = mounts.map(({ mount, hostPath }) => ({
    containerPath: mount.mountPath,
    hostPath,
    readOnly: mount.readOnly === true || isReadOnlyVolume(state.pod, mount.name),
    propagation: propagations[mount.mountPropagation ?? ""] ?? "private",
  }))
  const file = (containerPath: string, hostPath: string): MountConfig => ({
    containerPath,
    hostPath,
    readOnly: false,
    propagation: "private",
  })
  const taken = new Set(own.map(({ containerPath }) => containerPath))
  const given = [
    ...(state.pod.spec.hostNetwork ? [] : [file(hostsPath, join(state.directory, "hosts"))]),
    file(container.terminationMessagePath, state.terminationFile(container.name, attempt)),
  ]
  return [...own, ...given.filter(({ containerPath }) => !taken.has(containerPath))]
}
