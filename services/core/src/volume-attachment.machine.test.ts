import { Event } from "@wick/sdk/api/core/event"
import { Node } from "@wick/sdk/api/core/node"
import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import { Secret } from "@wick/sdk/api/core/secret"
import { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import { VolumeAttachment } from "@wick/sdk/api/storage/volume-attachment"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { startControllers } from "#controllers"
import { startTestDriver, type TestDriver } from "./kubelet/csi/testing/csi-driver.ts"
import { type NodeRig, startNodeRig } from "./kubelet/testing/node-rig.ts"
import { isReady, obedient } from "./kubelet/testing/test-pod.ts"

const driverName = "attaching.csi.example.com"
const namespace = "default"
const resources = { requests: { storage: "1Gi" } }
const claimed = { name: "data", persistentVolumeClaim: { claimName: "data" } }
const unique = `kubernetes.io/csi/${driverName}^disk-1`
const waitMs = 20_000

let rig: NodeRig
let driver: TestDriver
const running = new AsyncDisposableStack()
beforeAll(async () => {
  rig = running.use(await startNodeRig())
  const { client } = rig
  const informers = running.use(createInformers(client, systemClock, silentLog))
  running.use(startControllers({ client, informers, clock: systemClock, random: seededRandom(1), log: silentLog }))
  const plugins = "/tmp/wick-kubelet-test/kubelet/plugins_registry"
  const store = "/tmp/wick-kubelet-test/csi"
  driver = running.use(await startTestDriver({ name: driverName, plugins, store, stages: true, attaches: true }))
  await client.create(CSIDriver, {
    metadata: { name: driverName, annotations: { "wick.dev/attacher": "embedded" } },
    spec: {},
  } as never)
  const data = { key: Buffer.from("attach secret").toString("base64") }
  await client.create(Secret, { metadata: { name: "attach", namespace }, data })
  const accessModes = ["ReadWriteOnce"]
  const controllerPublishSecretRef = { name: "attach", namespace }
  await client.create(PersistentVolume, {
    metadata: { name: "disk" },
    spec: {
      accessModes,
      capacity: resources.requests,
      csi: { driver: driverName, volumeHandle: "disk-1", controllerPublishSecretRef },
    },
  } as never)
  await client.create(PersistentVolumeClaim, {
    metadata: { name: "data", namespace },
    spec: { accessModes, storageClassName: "", volumeName: "disk", resources },
  } as never)
})
afterAll(() => running.disposeAsync())

const create = (name: string, script: string) => {
  const command = ["sh", "-c", `${script}; ${obedient}`]
  const volumeMounts = [{ name: "data", mountPath: "/data" }]
  return rig.create({
    name,
    volumes: [claimed],
    containers: [{ name: "main", image: rig.image, command, volumeMounts }],
  })
}
const verbs = (): string[] => driver.calls.filter((verb) => verb.endsWith("Volume"))
const nodeStatus = async () => (await rig.client.get(Node, { name: "rig" })).status
const attachments = async () => (await rig.client.list(VolumeAttachment)).items
const told = async (): Promise<string[]> => {
  const { items } = await rig.client.list(Event, { namespace })
  return items.map(({ reason, message }) => `${reason} ${message}`)
}

describe("a volume that has to be attached", () => {
  it("is attached, staged and published, by a driver that fails once at each, before its pod starts", async () => {
    for (const verb of ["ControllerPublishVolume", "NodeStageVolume", "NodePublishVolume"]) driver.failing.add(verb)
    await create("first", "echo kept > /data/f")
    await rig.until("first", isReady)
    const twice = (verb: string) => [verb, verb]
    const before = [...twice("ControllerPublishVolume"), "NodeStageVolume"]
    expect(verbs().slice(0, 3)).toEqual(before)
    expect(verbs().at(-1)).toBe("NodePublishVolume")
    const publishContext = { disk: "disk of disk-1" }
    expect(driver.attached).toMatchObject([
      { volumeId: "disk-1", nodeId: `${driverName}-node`, secrets: { key: "attach secret" } },
    ])
    expect(driver.staged.at(-1)).toMatchObject({ publishContext })
    expect(driver.published.at(-1)).toMatchObject({ publishContext })
    const [attachment] = await attachments()
    expect(attachment).toMatchObject({
      metadata: { finalizers: ["external-attacher/attaching-csi-example-com"] },
      spec: { attacher: driverName, nodeName: "rig", source: { persistentVolumeName: "disk" } },
      status: { attached: true, attachmentMetadata: publishContext },
    })
    expect(attachment?.status?.attachError).toBeUndefined()
    expect(JSON.stringify(attachment)).not.toContain("attach secret")
    await expect.poll(nodeStatus).toMatchObject({
      volumesInUse: [unique],
      volumesAttached: [{ name: unique, devicePath: "" }],
    })
    await expect
      .poll(told, { timeout: waitMs })
      .toContain(`SuccessfulAttachVolume AttachVolume.Attach succeeded for volume "disk"`)
    const refusal = "rpc error: code = Internal desc = ControllerPublishVolume fails once"
    expect(await told()).toContain(`FailedAttachVolume AttachVolume.Attach failed for volume "disk" : ${refusal}`)
  })

  it("stays attached over a restart of the kubelet, and without another call of its driver", async () => {
    const before = verbs().length
    await rig.restartKubelet()
    await expect.poll(() => driver.registrations).toHaveLength(2)
    await rig.until("first", isReady)
    expect(verbs()).toHaveLength(before)
    expect(await attachments()).toHaveLength(1)
    expect(await nodeStatus()).toMatchObject({ volumesInUse: [unique], volumesAttached: [{ name: unique }] })
  })

  it("is detached after it was unstaged, when its pod went while there was no kubelet and the driver fails once", async () => {
    const before = verbs().length
    for (const verb of ["NodeUnstageVolume", "ControllerUnpublishVolume"]) driver.failing.add(verb)
    await rig.restartKubelet(async () => {
      await rig.client.delete(Pod, { name: "first", namespace }, { gracePeriodSeconds: 0 })
      // What the node has mounted stays attached as long as it does not say that it has let go.
      await expect.poll(async () => (await attachments()).length).toBe(1)
    })
    await expect.poll(attachments, { timeout: waitMs }).toEqual([])
    expect(driver.failing).toEqual(new Set())
    const after = verbs().slice(before)
    expect(after.lastIndexOf("NodeUnstageVolume")).toBeLessThan(after.indexOf("ControllerUnpublishVolume"))
    const status = await nodeStatus()
    expect([status?.volumesInUse, status?.volumesAttached]).toEqual([undefined, undefined])
  })
})
