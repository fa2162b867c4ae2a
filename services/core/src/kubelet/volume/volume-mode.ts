import type { Pod } from "@wick/sdk/api/core/pod"

/** Names of a pod's volumes, by what its containers take them for. */
export interface VolumeUses {
  readonly mounted: ReadonlySet<string>
  readonly devices: ReadonlySet<string>
}

/** Pure. */
export function usesOf({ spec }: Pick<Pod, "spec">): VolumeUses {
  const { initContainers = [], containers: main, ephemeralContainers = [] } = spec
  const containers = [...initContainers, ...main, ...ephemeralContainers]
  return {
    mounted: new Set(containers.flatMap(({ volumeMounts }) => (volumeMounts ?? []).map(({ name }) => name))),
    devices: new Set(containers.flatMap(({ volumeDevices }) => (volumeDevices ?? []).map(({ name }) => name))),
  }
}

/** Pure: why a volume of this mode cannot be what the pod's containers take it for; undefined when it can. */
export function misuseOf(name: string, volumeMode: string, { mounted, devices }: VolumeUses): string | undefined {
  if (volumeMode === "Block" && mounted.has(name)) {
    return `volume ${name} has volumeMode Block, but is specified in volumeMounts`
  }
  if (volumeMode !== "Block" && devices.has(name)) {
    return `volume ${name} has volumeMode ${volumeMode}, but is specified in volumeDevices`
  }
  return undefined
}
