import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { StorageClass } from "@wick/sdk/api/storage/storage-class"
import { describe, expect, it } from "vitest"
import { type Storage, volumeFilter } from "./claimed-volumes.ts"
import type { PodNeeds } from "./pod-needs.ts"
import type { NodeState } from "./snapshot.ts"

const gi = 2 ** 30
const volumes = [{ name: "data", persistentVolumeClaim: { claimName: "data" } }]
const pod = { metadata: { name: "web", namespace: "shop" }, spec: { volumes } } as unknown as Pod
const node = (name: string, diskGi = 10): NodeState =>
  ({ name, allocatable: { ephemeralStorage: diskGi * gi }, node: { metadata: { name } } }) as unknown as NodeState
const claim = (spec: object) =>
  ({
    metadata: { name: "data" },
    spec: { storageClassName: "local-path", ...spec },
  }) as unknown as PersistentVolumeClaim
const promised = (nodeName: string, storage: string) =>
  ({
    spec: {
      csi: { driver: "local-path.wick.dev" },
      capacity: { storage },
      nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ values: [nodeName] }] }] } },
    },
  }) as unknown as PersistentVolume
const local = { provisioner: "wick.dev/local-path", volumeBindingMode: "WaitForFirstConsumer" } as StorageClass

function reasons(nodeState: NodeState, world: Partial<Storage>): readonly string[] | undefined {
  const storage: Storage = {
    claim: () => undefined,
    volume: () => undefined,
    volumes: () => [],
    storageClass: () => local,
    nodeOfClaim: () => undefined,
    ...world,
  }
  return volumeFilter(pod, storage)?.({} as PodNeeds, nodeState)
}

describe("a claim that one pod may write", () => {
  const one = claim({ accessModes: ["ReadWriteOncePod"] })

  it("keeps a second pod from every node, the first one's too", () => {
    const taken = ["node has pod using PersistentVolumeClaim with the same name and ReadWriteOncePod access mode"]
    const world = { claim: () => one, nodeOfClaim: () => "a" }
    expect(reasons(node("a"), world)).toEqual(taken)
    expect(reasons(node("b"), world)).toEqual(taken)
  })

  it("is free when nobody has it; of the other modes a node may have several", () => {
    expect(reasons(node("a"), { claim: () => one })).toEqual([])
    const shared = claim({ accessModes: ["ReadWriteOnce"] })
    expect(reasons(node("a"), { claim: () => shared, nodeOfClaim: () => "a" })).toEqual([])
  })
})

describe("a directory of a node", () => {
  const asked = (storage: string) => ({ claim: () => claim({ resources: { requests: { storage } } }) })
  const tooSmall = ["node(s) did not have enough free storage"]

  it("is promised as long as all of them fit on its disk", () => {
    const all = [promised("a", "4Gi"), promised("a", "4Gi"), promised("b", "9Gi")]
    expect(reasons(node("a"), { ...asked("2Gi"), volumes: () => all })).toEqual([])
    expect(reasons(node("a"), { ...asked("3Gi"), volumes: () => all })).toEqual(tooSmall)
    expect(reasons(node("b"), { ...asked("2Gi"), volumes: () => all })).toEqual(tooSmall)
    expect(reasons(node("c", 1), asked("2Gi"))).toEqual(tooSmall)
  })

  it("of another's class is for that one to promise", () => {
    const others = { ...local, provisioner: "example.com/disks" }
    expect(reasons(node("c", 1), { ...asked("2Gi"), storageClass: () => others })).toEqual([])
  })
})
