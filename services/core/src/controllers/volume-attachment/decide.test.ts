import type { Node } from "@wick/sdk/api/core/node"
import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { Pod } from "@wick/sdk/api/core/pod"
import { formatTime } from "@wick/sdk/api/meta/time"
import type { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import type { VolumeAttachment } from "@wick/sdk/api/storage/volume-attachment"
import { attachmentName } from "@wick/sdk/volume-names"
import { describe, expect, it } from "vitest"
import { attachMsMax, decide, type Observed, unmountMsMax } from "./decide.ts"
import { type Catalog, desiredAttachments } from "./desired.ts"

const nowMs = 1_000_000_000
const name = attachmentName({ driver: "d", volumeHandle: "h" }, "one")
const unique = "kubernetes.io/csi/d^h"

const pod = (spec: object = {}, status: object = {}) =>
  ({
    metadata: { name: "web", namespace: "shop", uid: "u1" },
    spec: { nodeName: "one", volumes: [{ name: "v", persistentVolumeClaim: { claimName: "data" } }], ...spec },
    status,
  }) as unknown as Pod
const claim = (phase = "Bound") =>
  ({ metadata: { name: "data", uid: "c1" }, spec: { volumeName: "disk" }, status: { phase } }) as PersistentVolumeClaim
const volume = (spec: object = {}) =>
  ({
    metadata: { name: "disk" },
    spec: {
      accessModes: ["ReadWriteOnce"],
      claimRef: { uid: "c1", name: "data", namespace: "shop" },
      csi: { driver: "d", volumeHandle: "h" },
      ...spec,
    },
  }) as unknown as PersistentVolume
const attachment = (status: object = {}, metadata: object = {}, nodeName = "one") =>
  ({
    metadata: { name, uid: "a1", creationTimestamp: formatTime(nowMs), ...metadata },
    spec: { attacher: "d", nodeName, source: { persistentVolumeName: "disk" } },
    status: { attached: false, ...status },
  }) as unknown as VolumeAttachment
const node = (status: object = {}, spec: object = {}) =>
  ({ metadata: { name: "one" }, spec, status: { conditions: [{ type: "Ready", status: "True" }], ...status } }) as Node
const catalog = (over: Partial<Record<"claim" | "volume" | "driver", object | undefined>> = {}): Catalog => ({
  claim: () => ("claim" in over ? over.claim : claim()) as PersistentVolumeClaim,
  volume: () => ("volume" in over ? over.volume : volume()) as PersistentVolume,
  driver: () => over.driver as CSIDriver | undefined,
})
const observed = (over: Partial<Observed> = {}): Observed => ({
  ...catalog(),
  nodeName: "one",
  node: node(),
  pods: [pod()],
  attachments: new Map(),
  elsewhere: () => [],
  usersElsewhere: () => [],
  unwantedSinceMs: () => nowMs,
  nowMs,
  ...over,
})
const having = (one: VolumeAttachment) => new Map([[name, one]])
const names = (list: readonly { readonly metadata: { readonly name: string } }[]) =>
  list.map(({ metadata }) => metadata.name)

describe("what is to be attached to a node", () => {
  const wanted = (pods: Pod[], over?: Parameters<typeof catalog>[0]): string[] => [
    ...desiredAttachments("one", pods, catalog(over)).keys(),
  ]

  it("are the volumes of drivers that its pods have claimed, each once", () => {
    expect(wanted([pod(), pod()])).toEqual([name])
    const scratch = { name: "v", ephemeral: {} }
    expect(wanted([pod({ volumes: [scratch] })])).toEqual([name])
  })

  it.each([
    ["of a pod of another node", [pod({ nodeName: "two" })], {}],
    ["of a pod that no node has", [pod({ nodeName: undefined })], {}],
    ["of a pod that has ended", [pod({}, { phase: "Succeeded" })], {}],
    ["whose claim has no volume yet", [pod()], { claim: claim("Pending") }],
    ["whose volume is another claim's", [pod()], { volume: volume({ claimRef: { uid: "c2" } }) }],
    ["of no driver", [pod()], { volume: volume({ csi: undefined, hostPath: { path: "/x" } }) }],
    ["of a node's own directory", [pod()], { volume: volume({ csi: { driver: "local-path.wick.dev" } }) }],
    ["whose driver needs no attaching", [pod()], { driver: { spec: { attachRequired: false } } }],
    ["that lives with its pod", [pod({ volumes: [{ name: "v", csi: { driver: "d" } }] })], {}],
  ])("is none %s", (_, pods, over) => {
    expect(wanted(pods, over)).toEqual([])
  })
})

describe("an attachment", () => {
  it("is asked for once", () => {
    expect(decide(observed()).attach.map((each) => each.name)).toEqual([name])
    expect(decide(observed({ attachments: having(attachment()) })).attach).toEqual([])
  })

  it("is not asked for while another node has the volume, unless several may", () => {
    const elsewhere = () => [attachment({}, {}, "two")]
    const plan = decide(observed({ elsewhere }))
    expect(plan.attach).toEqual([])
    const message = `Multi-Attach error for volume "disk" Volume is already exclusively attached to one node and can't be attached to another`
    expect(plan.news).toMatchObject([{ reason: "FailedAttachVolume", message }])
    const used = decide(observed({ elsewhere, usersElsewhere: () => ["db-0"] }))
    expect(used.news[0]?.message).toBe('Multi-Attach error for volume "disk" Volume is already used by pod(s) db-0')
    const shared = catalog({ volume: volume({ accessModes: ["ReadWriteMany"] }) })
    expect(decide(observed({ ...shared, elsewhere })).attach).toHaveLength(1)
  })

  it("that holds is told on the node and to the pod", () => {
    const plan = decide(observed({ attachments: having(attachment({ attached: true })) }))
    expect(plan.attached).toEqual([{ name: unique, devicePath: "" }])
    expect(plan.news).toMatchObject([
      { reason: "SuccessfulAttachVolume", message: 'AttachVolume.Attach succeeded for volume "disk"' },
    ])
  })

  it("that fails is told to the pod, at once where the driver says why, else when it takes too long", () => {
    const failed = decide(observed({ attachments: having(attachment({ attachError: { message: "no room" } })) }))
    expect(failed.news[0]?.message).toBe('AttachVolume.Attach failed for volume "disk" : no room')
    const young = decide(observed({ attachments: having(attachment()) }))
    expect(young).toMatchObject({ news: [], wakeAfterMs: attachMsMax })
    const late = decide(observed({ attachments: having(attachment()), nowMs: nowMs + attachMsMax }))
    expect(late.news[0]?.message).toBe(
      'AttachVolume.Attach failed for volume "disk" : timed out waiting for external-attacher of d CSI driver to attach volume h',
    )
  })
})

describe("an attachment that nobody wants any more", () => {
  const attachments = having(attachment({ attached: true }))
  const unwanted = (over: Partial<Observed>) => decide(observed({ pods: [], attachments, ...over }))
  const inUse = { volumesInUse: [unique] }
  const unready = { ...inUse, conditions: [{ type: "Ready", status: "Unknown" }] }

  it("goes when the node has let go, and the node has it no more in its status before", () => {
    const plan = unwanted({})
    expect(names(plan.detach)).toEqual([name])
    expect(plan.attached).toEqual([])
  })

  it("stays as long as the node has it in use", () => {
    expect(unwanted({ node: node(inUse) })).toMatchObject({
      detach: [],
      attached: [{ name: unique }],
      wakeAfterMs: undefined,
    })
  })

  it("goes from a node that is not heard of after a while, and at once from one that is gone or out of service", () => {
    expect(unwanted({ node: node(unready) })).toMatchObject({ detach: [], wakeAfterMs: unmountMsMax })
    expect(names(unwanted({ node: node(unready), nowMs: nowMs + unmountMsMax }).detach)).toEqual([name])
    expect(names(unwanted({ node: undefined, pods: [pod()] }).detach)).toEqual([name])
    const taints = [{ key: "node.kubernetes.io/out-of-service", effect: "NoExecute" }]
    expect(names(unwanted({ node: node(unready, { taints }) }).detach)).toEqual([name])
  })

  it("is not deleted twice, nor told as attached while it goes", () => {
    const going = having(attachment({ attached: true }, { deletionTimestamp: formatTime(nowMs) }))
    expect(unwanted({ attachments: going })).toMatchObject({ detach: [], attached: [] })
    expect(decide(observed({ attachments: going }))).toMatchObject({ attach: [], news: [] })
  })
})
