import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import type { CSINode } from "@wick/sdk/api/storage/csi-node"
import type { VolumeAttachment } from "@wick/sdk/api/storage/volume-attachment"
import { describe, expect, it } from "vitest"
import { attachmentStep, finalizerOf, type Observed } from "./attachment-step.ts"

const as = { volumeId: "h", nodeId: "d-one" }
const attachment = (metadata: object = {}, status: object = { attached: false }) =>
  ({
    metadata: { name: "a", ...metadata },
    spec: { attacher: "d.io", nodeName: "one", source: { persistentVolumeName: "disk" } },
    status,
  }) as unknown as VolumeAttachment
const csiNode = (name: string, controllers = "") =>
  ({
    metadata: { name, annotations: { "wick.dev/csi-controllers": controllers } },
    spec: { drivers: [{ name: "d.io", nodeID: `d-${name}` }] },
  }) as unknown as CSINode
const object = (annotations: object) => ({ metadata: { annotations }, spec: {} }) as unknown as CSIDriver
const disk = (csi: object = {}) =>
  ({ spec: { csi: { driver: "d.io", volumeHandle: "h", ...csi } } }) as PersistentVolume

const step = (over: Partial<Observed> = {}) =>
  attachmentStep({
    attachment: attachment(),
    nodeName: "one",
    object: object({ "wick.dev/attacher": "embedded" }),
    nodes: [csiNode("one"), csiNode("two")],
    volume: disk(),
    ...over,
  })

describe("an attachment", () => {
  it("is made by the node that it is for, with what the driver calls the two", () => {
    expect(step()).toEqual({ kind: "attach", as })
    expect(step({ nodeName: "two" })).toEqual({ kind: "none" })
    const secret = { name: "s", namespace: "vault" }
    expect(step({ volume: disk({ controllerPublishSecretRef: secret }) })).toEqual({
      kind: "attach",
      as: { ...as, secret },
    })
  })

  it("is made where the driver's controller answers, if that is not on its own node", () => {
    const nodes = [csiNode("one"), csiNode("three", "x,d.io"), csiNode("two", "d.io")]
    expect([
      step({ nodes }).kind,
      step({ nodes, nodeName: "three" }).kind,
      step({ nodes, nodeName: "two" }).kind,
    ]).toEqual(["none", "attach", "none"])
  })

  it("is left to the driver's own attacher unless its CSIDriver says that Wick does it", () => {
    expect(step({ object: object({}) })).toEqual({ kind: "none" })
    expect(step({ object: undefined })).toEqual({ kind: "none" })
  })

  it("that holds is left alone", () => {
    expect(step({ attachment: attachment({}, { attached: true }) })).toEqual({ kind: "none" })
  })

  it.each([
    ["its volume is not there", { volume: undefined }, "volume disk of driver d.io is not there"],
    ["its node has no such driver", { nodes: [] }, "CSINode one does not contain driver d.io"],
  ])("cannot be made when %s", (_, over, message) => {
    expect(step(over)).toEqual({ kind: "refuse", message })
  })
})

describe("an attachment that is deleted", () => {
  const gone = {
    deletionTimestamp: "2026-01-01T00:00:00Z",
    annotations: { "wick.dev/attached-as": JSON.stringify(as) },
  }
  const going = attachment({ ...gone, finalizers: ["external-attacher/d-io"] }, { attached: true })

  it("is undone as it was made, even when its volume and its node are gone", () => {
    expect(step({ attachment: going, volume: undefined, nodes: [] })).toEqual({ kind: "detach", as })
  })

  it("is left alone when it was never begun", () => {
    expect(step({ attachment: attachment(gone) })).toEqual({ kind: "none" })
  })
})

it.each([
  ["hostpath.csi.k8s.io", "external-attacher/hostpath-csi-k8s-io"],
  ["odd.", "external-attacher/odd-X"],
])("the finalizer of %s is %s, as an external-attacher names it", (driver, finalizer) => {
  expect(finalizerOf(driver)).toBe(finalizer)
})
