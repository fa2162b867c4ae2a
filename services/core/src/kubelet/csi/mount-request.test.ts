import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import { describe, expect, it } from "vitest"
import {
  capabilityOf,
  contextOf,
  inlineWish,
  needsAttachment,
  ownsFiles,
  persistentWish,
  refusalOf,
} from "./mount-request.ts"
import { type Driver, refusalOf as refusalOfPlugin } from "./plugin-registry.ts"

const pod = { metadata: { name: "web", namespace: "shop", uid: "u1" }, spec: { serviceAccountName: "clerk" } } as Pod
const object = (spec: object) => ({ spec }) as CSIDriver
const can = (...capabilities: number[]): Driver => ({
  name: "d",
  socket: "/d.sock",
  node: {},
  capabilities: new Set(capabilities),
  controller: new Set(),
})
const inline = inlineWish(pod, "data", { driver: "d", volumeAttributes: { a: "b" }, fsType: "ext4" })
const disk = (spec: object, csi: object = {}) =>
  ({
    metadata: { name: "disk" },
    spec: { csi: { driver: "d", volumeHandle: "h1", ...csi }, ...spec },
  }) as PersistentVolume

describe("a volume that lives with its pod", () => {
  it("has an id of its own, the same whenever it is asked for", () => {
    expect(inline.volumeId).toMatch(/^csi-[0-9a-f]{64}$/)
    expect(inlineWish(pod, "data", { driver: "d" }).volumeId).toBe(inline.volumeId)
    expect(inlineWish(pod, "other", { driver: "d" }).volumeId).not.toBe(inline.volumeId)
  })

  it("is only for drivers that say they have such", () => {
    expect(refusalOf(inline, object({ volumeLifecycleModes: ["Persistent", "Ephemeral"] }))).toBeUndefined()
    const refusal = 'volume mode "Ephemeral" not supported by driver d (only supports ["Persistent"])'
    expect(refusalOf(inline, object({ volumeLifecycleModes: ["Persistent"] }))).toBe(refusal)
    expect(refusalOf(inline, undefined)).toBe(refusal)
  })

  it("tells the driver of the pod where it wants to know", () => {
    expect(contextOf(inline, pod, undefined, {})).toEqual({ a: "b" })
    expect(contextOf(inline, pod, object({ podInfoOnMount: true }), { "": { token: "t" } })).toEqual({
      a: "b",
      "csi.storage.k8s.io/pod.name": "web",
      "csi.storage.k8s.io/pod.namespace": "shop",
      "csi.storage.k8s.io/pod.uid": "u1",
      "csi.storage.k8s.io/serviceAccount.name": "clerk",
      "csi.storage.k8s.io/ephemeral": "true",
      "csi.storage.k8s.io/serviceAccount.tokens": '{"":{"token":"t"}}',
    })
  })
})

describe("a volume that outlives pods", () => {
  it("is attached first unless its driver says that it need not be", () => {
    const wish = persistentWish(disk({ accessModes: ["ReadWriteMany"] }))
    expect(needsAttachment(wish, object({ attachRequired: false }))).toBe(false)
    expect(needsAttachment(wish, object({ attachRequired: true }))).toBe(true)
    expect(needsAttachment(wish, undefined)).toBe(true)
    expect(needsAttachment(inline, undefined)).toBe(false)
  })

  it("is a device when its mode is Block, which belongs to nobody's group", () => {
    const wish = persistentWish(disk({ volumeMode: "Block", accessModes: ["ReadWriteOnce"] }))
    expect(capabilityOf(wish, new Set([6]), 5)).toEqual({ block: {}, accessMode: { mode: 1 } })
    expect(ownsFiles({ ...wish, fsType: "ext4" }, can(), object({ fsGroupPolicy: "File" }))).toBe(false)
  })

  it("has Secrets of its own namespace for its driver", () => {
    const place = { name: "s", namespace: "vault" }
    expect(persistentWish(disk({}, { nodeStageSecretRef: place }))).toMatchObject({ stageSecret: place })
    expect(persistentWish(disk({}, { nodePublishSecretRef: place }))).toMatchObject({ publishSecret: place })
  })

  it.each([
    ["ReadWriteOnce", 1, 7],
    ["ReadWriteOncePod", 1, 6],
    ["ReadOnlyMany", 3, 3],
    ["ReadWriteMany", 5, 5],
  ])(
    "that is %s is so for a driver that tells the pods of a node apart, and for one that does not",
    (mode, plain, finer) => {
      const wish = persistentWish(disk({ accessModes: [mode] }))
      expect(capabilityOf(wish, new Set(), undefined).accessMode).toEqual({ mode: plain })
      expect(capabilityOf(wish, new Set([5]), undefined).accessMode).toEqual({ mode: finer })
    },
  )

  it("is asked for as it may be mounted", () => {
    const wish = persistentWish(disk({ accessModes: ["ReadWriteMany"], mountOptions: ["noatime"] }))
    expect(capabilityOf(wish, new Set(), 5)).toEqual({
      mount: { fsType: "", mountFlags: ["noatime"] },
      accessMode: { mode: 5 },
    })
    expect(capabilityOf(wish, new Set([6]), 5).mount).toMatchObject({ volumeMountGroup: "5" })
  })
})

describe("files belong to the pod's group", () => {
  it.each([
    ["by default when there is a file system for one node", inline, undefined, can(), true],
    ["not by default without a file system", { ...inline, fsType: "" }, undefined, can(), false],
    ["when the driver says so", { ...inline, fsType: "" }, object({ fsGroupPolicy: "File" }), can(), true],
    ["not when the driver says no", inline, object({ fsGroupPolicy: "None" }), can(), false],
    ["not by us when the driver does it", inline, object({ fsGroupPolicy: "File" }), can(6), false],
    ["not when nobody may write", { ...inline, readOnly: true }, object({ fsGroupPolicy: "File" }), can(), false],
  ])("%s", (_, wish, policy, driver, expected) => {
    expect(ownsFiles(wish, driver, policy)).toBe(expected)
  })
})

it("a plugin of another kind, or of another age, is not a driver", () => {
  expect(refusalOfPlugin("CSIPlugin", ["0.3.0", "v1.2.0"], "/s")).toBeUndefined()
  expect(refusalOfPlugin("CSIPlugin", ["0.3.0"], "/s")).toContain('["0.3.0"]')
  expect(refusalOfPlugin("DRAPlugin", ["1.0.0"], "/s")).toBe(
    "no handler registered for plugin type: DRAPlugin at socket /s",
  )
})
