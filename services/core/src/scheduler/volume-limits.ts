import type { Pod } from "@wick/sdk/api/core/pod"
import type { CSINode } from "@wick/sdk/api/storage/csi-node"
import { claimsOf, type Storage } from "./claimed-volumes.ts"
import { type Filter, fits } from "./plugins/plugin.ts"

/** What is known of drivers' room when a pod is placed. */
export interface VolumeRoom extends Pick<Storage, "claim" | "volume" | "storageClass"> {
  readonly drivers: (node: string) => CSINode | undefined
  /** Claims, `namespace/name`, of the pods that are on the node. */
  readonly claimsOn: (node: string) => Iterable<string>
}

/** A volume of a driver: one that is not made yet counts as the one that will be. */
interface DriverVolume {
  readonly driver: string
  readonly volume: string
}

/**
 * The nodes on which each of the pod's drivers has room for its volumes, by what it said of the node (`maxVolumesPerNode`).
 * A volume that a pod there has already takes no more room. Undefined for a pod without volumes of drivers.
 */
export function volumeLimits(pod: Pod, room: VolumeRoom): Filter | undefined {
  const { namespace = "" } = pod.metadata
  const wanted = claimsOf(pod).flatMap((name) => driverVolume(`${namespace}/${name}`, room))
  if (wanted.length === 0) return undefined
  return (_, { name: node }) => {
    const limits = limitsOf(room.drivers(node), wanted)
    if (limits.size === 0) return fits
    const all = [...room.claimsOn(node)].flatMap((key) => driverVolume(key, room)).concat(wanted)
    for (const [driver, count] of limits) {
      const volumes = new Set(all.filter((each) => each.driver === driver).map(({ volume }) => volume))
      if (volumes.size > count) return ["node(s) exceed max volume count"]
    }
    return fits
  }
}

/** Volumes at a time, of each driver that is wanted and that says so. */
function limitsOf(known: CSINode | undefined, wanted: readonly DriverVolume[]): Map<string, number> {
  const limits = new Map<string, number>()
  for (const { name, allocatable } of known?.spec.drivers ?? []) {
    const { count } = allocatable ?? {}
    if (count !== undefined && wanted.some(({ driver }) => driver === name)) limits.set(name, count)
  }
  return limits
}

function driverVolume(key: string, { claim, volume, storageClass }: VolumeRoom): DriverVolume[] {
  const [namespace = "", name = ""] = key.split("/")
  const { volumeName, storageClassName } = claim(namespace, name)?.spec ?? {}
  if (volumeName) {
    const csi = volume(volumeName)?.spec?.csi
    return csi ? [{ driver: csi.driver, volume: csi.volumeHandle }] : []
  }
  // Drivers' provisioners are called as they are.
  const driver = storageClassName && storageClass(storageClassName)?.provisioner
  return driver ? [{ driver, volume: `claim ${key}` }] : []
}
