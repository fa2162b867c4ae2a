import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { CSINode } from "@wick/sdk/api/storage/csi-node"
import type { StorageClass } from "@wick/sdk/api/storage/storage-class"
import { describe, expect, it } from "vitest"
import type { PodNeeds } from "./pod-needs.ts"
import type { NodeState } from "./snapshot.ts"
import { type VolumeRoom, volumeLimits } from "./volume-limits.ts"

const disks = "disks.example.com"
const full = ["node(s) exceed max volume count"]

/** Claims `a` to `e` have a disk of that name each, `same` has that of `a`; `late` has none yet, `local` is a directory. */
function claim(_: string, name: string): PersistentVolumeClaim {
  if (name === "late") return { spec: { storageClassName: "disks" } } as unknown as PersistentVolumeClaim
  return { spec: { volumeName: name === "same" ? "a" : name } } as unknown as PersistentVolumeClaim
}
function volume(name: string): PersistentVolume {
  const spec = name === "local" ? { local: { path: "/x" } } : { csi: { driver: disks, volumeHandle: `disk-${name}` } }
  return { spec } as unknown as PersistentVolume
}
const drivers = (count?: number): CSINode =>
  ({ spec: { drivers: [{ name: disks, nodeID: "n", allocatable: { count } }] } }) as CSINode

function reasons(
  claims: readonly string[],
  there: readonly string[],
  known = drivers(2),
): readonly string[] | undefined {
  const volumes = claims.map((claimName) => ({ name: claimName, persistentVolumeClaim: { claimName } }))
  const pod = { metadata: { name: "web", namespace: "shop" }, spec: { volumes } } as unknown as Pod
  const room: VolumeRoom = {
    claim,
    volume,
    storageClass: () => ({ provisioner: disks }) as StorageClass,
    drivers: () => known,
    claimsOn: () => there.map((name) => `shop/${name}`),
  }
  return volumeLimits(pod, room)?.({} as PodNeeds, { name: "one" } as NodeState)
}

describe("a driver that has room for two volumes on a node", () => {
  it("takes no third one there, made or not made yet", () => {
    expect(reasons(["c"], ["a"])).toEqual([])
    expect(reasons(["c"], ["a", "b"])).toEqual(full)
    expect(reasons(["a", "b", "c"], [])).toEqual(full)
    expect(reasons(["late"], ["a"])).toEqual([])
    expect(reasons(["late"], ["a", "b"])).toEqual(full)
  })

  it("takes another pod of a volume that is there, by whatever claim", () => {
    expect(reasons(["b"], ["a", "b"])).toEqual([])
    expect(reasons(["same"], ["a", "b"])).toEqual([])
  })

  it("minds no volumes of others, and is not asked for a pod without its own", () => {
    expect(reasons(["c"], ["a", "local"])).toEqual([])
    expect(reasons(["local"], ["a", "b"])).toBeUndefined()
  })
})

it("a driver that names no limit has none", () => {
  expect(reasons(["c"], ["a", "b"], drivers())).toEqual([])
  expect(reasons(["c"], ["a", "b"], { spec: { drivers: [] } } as unknown as CSINode)).toEqual([])
})
