import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { StorageClass } from "@wick/sdk/api/storage/storage-class"
import { describe, expect, it } from "vitest"
import { decide, decideVolume, type Observed } from "./decide.ts"

const claim = (spec: object = {}, status: object = { phase: "Pending" }) =>
  ({
    metadata: { name: "data", namespace: "shop", uid: "c1" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      storageClassName: "local-path",
      resources: { requests: { storage: "2Gi" } },
      ...spec,
    },
    status,
  }) as unknown as PersistentVolumeClaim
const volume = (name: string, storage: string, more: object = {}) =>
  ({
    metadata: { name, labels: { disk: name } },
    spec: { capacity: { storage }, accessModes: ["ReadWriteOnce"], storageClassName: "local-path", ...more },
  }) as unknown as PersistentVolume
const onNode = (node: string) => ({
  nodeAffinity: {
    required: {
      nodeSelectorTerms: [{ matchExpressions: [{ key: "kubernetes.io/hostname", operator: "In", values: [node] }] }],
    },
  },
})
const local = {
  metadata: { name: "local-path" },
  provisioner: "wick.dev/local-path",
  reclaimPolicy: "Delete",
  volumeBindingMode: "WaitForFirstConsumer",
} as unknown as StorageClass

const step = (over: Partial<Observed> = {}): string => {
  const decided = decide({ claim: claim(), volumes: [], storageClass: local, nodeName: "one", ...over })
  return "volume" in decided ? `${decided.kind} ${decided.volume.metadata.name}` : decided.kind
}

describe("a claim", () => {
  it("waits until a pod that uses it was placed, and gets a directory of that node", () => {
    expect(step({ nodeName: undefined })).toBe("wait")
    const made = decide({ claim: claim(), volumes: [], storageClass: local, nodeName: "one" })
    expect(made).toMatchObject({
      kind: "provision",
      volume: {
        metadata: { name: "pvc-c1", finalizers: ["wick.dev/local-path"] },
        spec: { capacity: { storage: "2Gi" }, claimRef: { uid: "c1" }, ...onNode("one") },
      },
    })
  })

  it("takes the smallest volume that is there and suits, before one is made", () => {
    const volumes = [
      volume("small", "1Gi"),
      volume("large", "9Gi"),
      volume("middle", "3Gi"),
      volume("other", "2Gi", { storageClassName: "fast" }),
    ]
    expect(step({ volumes })).toBe("reserve middle")
    expect(step({ volumes, claim: claim({ selector: { matchLabels: { disk: "large" } } }) })).toBe("reserve large")
    expect(step({ volumes, claim: claim({ accessModes: ["ReadWriteMany"] }) })).toBe("provision pvc-c1")
    expect(step({ volumes: [volume("far", "3Gi", onNode("two"))] })).toBe("provision pvc-c1")
    expect(step({ volumes: [volume("near", "3Gi", onNode("one"))] })).toBe("reserve near")
  })

  it("goes from a volume that is marked as its own to one that it names, and then says so", () => {
    const own = volume("disk", "2Gi", { claimRef: { uid: "c1", name: "data", namespace: "shop" } })
    expect(step({ volumes: [own] })).toBe("take disk")
    expect(step({ volumes: [own], claim: claim({ volumeName: "disk" }) })).toBe("bound disk")
  })

  it("of a directory that asks for more is told that it has it, and one of a driver waits for that", () => {
    const own = (driver: string) =>
      volume("disk", "2Gi", { claimRef: { uid: "c1", name: "data", namespace: "shop" }, csi: { driver } })
    const bound = { phase: "Bound", capacity: { storage: "2Gi" } }
    const asking = (storage: string) => claim({ volumeName: "disk", resources: { requests: { storage } } }, bound)
    const ours = { volumes: [own("local-path.wick.dev")] }
    expect(step({ ...ours, claim: asking("3Gi") })).toBe("grow disk")
    expect(step({ ...ours, claim: asking("2048Mi") })).toBe("bound disk")
    expect(step({ volumes: [own("d.io")], claim: asking("3Gi") })).toBe("bound disk")
  })

  it("gets no directory when it asks for a device", () => {
    expect(step({ claim: claim({ volumeMode: "Block" }) })).toBe("wait")
  })

  it("never takes what is somebody else's, and says when its volume is gone", () => {
    const foreign = volume("disk", "2Gi", { claimRef: { uid: "c2", name: "data", namespace: "shop" } })
    expect(step({ volumes: [foreign], storageClass: undefined })).toBe("wait")
    expect(step({ volumes: [foreign], claim: claim({ volumeName: "disk" }) })).toBe("wait")
    expect(step({ claim: claim({ volumeName: "disk" }, { phase: "Bound" }) })).toBe("lost")
  })

  it("gets the volume that was set aside for it by name", () => {
    const aside = volume("disk", "2Gi", { claimRef: { name: "data", namespace: "shop" } })
    expect(step({ volumes: [aside] })).toBe("reserve disk")
  })
})

describe("a volume", () => {
  const made = (status: object, more: object = {}) =>
    ({
      ...volume("disk", "2Gi", {
        claimRef: { uid: "c1", name: "data", namespace: "shop" },
        csi: { driver: "local-path.wick.dev", volumeHandle: "disk" },
        persistentVolumeReclaimPolicy: "Delete",
        ...more,
      }),
      status,
    }) as PersistentVolume

  it("is available without a claim, bound with it, and released when it is gone", () => {
    expect(decideVolume(volume("disk", "1Gi"), undefined)).toEqual({ kind: "phase", phase: "Available" })
    expect(decideVolume(made({ phase: "Pending" }), claim())).toEqual({ kind: "phase", phase: "Bound" })
    expect(decideVolume(made({ phase: "Bound" }), undefined)).toEqual({ kind: "phase", phase: "Released" })
    const namesake = { ...claim(), metadata: { ...claim().metadata, uid: "c9" } } as PersistentVolumeClaim
    expect(decideVolume(made({ phase: "Bound" }), namesake)).toEqual({ kind: "phase", phase: "Released" })
  })

  it("that was released goes if it is to, and stays if it is to", () => {
    expect(decideVolume(made({ phase: "Released" }), undefined)).toEqual({ kind: "delete" })
    const retained = made({ phase: "Released" }, { persistentVolumeReclaimPolicy: "Retain" })
    expect(decideVolume(retained, undefined)).toEqual({ kind: "none" })
  })
})
