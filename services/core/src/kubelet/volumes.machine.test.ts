import { readFileSync } from "node:fs"
import { Event } from "@wick/sdk/api/core/event"
import { Node } from "@wick/sdk/api/core/node"
import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import { Secret } from "@wick/sdk/api/core/secret"
import { CSIDriver } from "@wick/sdk/api/storage/csi-driver"
import { CSINode } from "@wick/sdk/api/storage/csi-node"
import { createImage, createLayer, parseImageReference, pushImage } from "@wick/sdk/oci"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { startTestDriver, type TestDriver } from "./csi/testing/csi-driver.ts"
import { type NodeRig, startNodeRig } from "./testing/node-rig.ts"
import { isReady, obedient, statusOf } from "./testing/test-pod.ts"

const resources = { requests: { storage: "1Gi" } }

let rig: NodeRig
beforeAll(async () => {
  // Every image that nobody uses goes with the next pod.
  rig = await startNodeRig({ imageLimits: { highWater: 0, lowWater: 0, pauseMs: 0 } })
})
afterAll(async () => {
  await rig?.[Symbol.asyncDispose]()
})
afterEach(() => rig.removeAll())

/** An image without a program: each layer is some files. */
async function pushFiles(name: string, ...layers: Record<string, string>[]): Promise<string> {
  const made = layers.map((files) =>
    createLayer(
      Object.entries(files).map(([path, text]) => ({ kind: "file" as const, path, content: Buffer.from(text) })),
    ),
  )
  const host = rig.image.split("/")[0] ?? ""
  const reference = parseImageReference(name, host)
  if (!reference) throw new Error(`no image can be named ${name}`)
  const { digest } = await pushImage(createImage(made, { env: {}, entrypoint: [], cmd: [] }), reference)
  return `${host}/${name}@${digest}`
}

describe("an image volume", () => {
  const volumeMounts = [
    { name: "files", mountPath: "/files" },
    { name: "files", mountPath: "/part", subPath: "etc" },
  ]
  const views = () => rig.containerd.imageViews.list("wick")

  it("shows the files of all layers, whole or a part, to be read only, and goes without a trace", async () => {
    const reference = await pushFiles("files", { "etc/a": "below", "etc/b": "kept" }, { "etc/a": "above" })
    const script = `cat /files/etc/a /files/etc/b /part/a; touch /files/x 2>&1 | tail -c 22; ${obedient}`
    const container = rig.shell(script, { volumeMounts })
    await rig.create({ name: "reader", volumes: [{ name: "files", image: { reference } }], containers: [container] })
    await rig.until("reader", isReady)
    const told = "abovekeptaboveRead-only file system\n"
    await expect.poll(() => rig.logs("reader", "main")).toBe(told)
    expect(await views()).toHaveLength(1)
    await rig.remove("reader")
    expect(await views()).toEqual([])
    expect(await rig.leftovers()).toMatchObject({ mounts: 0, directories: 0 })
  })

  it("outlives the kubelet and its image, and is taken away with a pod that went meanwhile", async () => {
    const image = { reference: await pushFiles("single", { "etc/a": "one layer" }) }
    const container = rig.shell(`while sleep 0.05; do cat /files/etc/a; echo; done`, {
      volumeMounts: volumeMounts.slice(0, 1),
    })
    const draft = { volumes: [{ name: "files", image }], containers: [container], terminationGracePeriodSeconds: 0 }
    await rig.create({ name: "stays", ...draft })
    await rig.create({ name: "goes", ...draft })
    await rig.until("stays", isReady)
    await rig.until("goes", isReady)
    expect(await views()).toHaveLength(2)
    await rig.restartKubelet(async () => {
      await rig.client.delete(Pod, { name: "goes", namespace: "default" }, { gracePeriodSeconds: 0 })
      await rig.containerd.cri.call("RemoveImage", { image: { image: image.reference } })
    })
    const pod = await rig.until("stays", isReady)
    await expect.poll(async () => (await views()).map(({ podUid }) => podUid)).toEqual([pod?.metadata.uid])
    const before = (await rig.logs("stays", "main")).length
    await expect.poll(async () => (await rig.logs("stays", "main")).slice(before)).toContain("one layer")
    expect(statusOf(pod)?.restartCount).toBe(0)
  })

  it("of an image that cannot be pulled says so as a container's own image would, and then waits", async () => {
    const reference = `${rig.image.split("@")[0]}:none`
    const container = rig.shell(obedient, { volumeMounts: volumeMounts.slice(0, 1) })
    await rig.create({ name: "hopeless", volumes: [{ name: "files", image: { reference } }], containers: [container] })
    const waiting = (reason: string) => (pod: Pod | undefined) => statusOf(pod)?.state?.waiting?.reason === reason
    await rig.until("hopeless", waiting("ErrImagePull"))
    const pod = await rig.until("hopeless", waiting("ImagePullBackOff"))
    expect(statusOf(pod)?.state?.waiting?.message).toContain(`Back-off pulling image "${reference}": ErrImagePull: `)
  })

  it("has no directory that the image has not", async () => {
    const reference = await pushFiles("single", { "etc/a": "one layer" })
    const mounts = [{ name: "files", mountPath: "/files", subPath: "none" }]
    const container = rig.shell(obedient, { volumeMounts: mounts })
    await rig.create({ name: "lost", volumes: [{ name: "files", image: { reference } }], containers: [container] })
    const told = async (): Promise<string[]> => {
      const { items } = await rig.client.list(Event, { namespace: "default" })
      return items.flatMap(({ message }) => message ?? [])
    }
    await expect.poll(told).toContain('subPath "none" is not there, and the volume is read-only')
  })
})

it("a part of a volume may be named by the container's variables", async () => {
  const mounts = [
    { name: "data", mountPath: "/own", subPathExpr: "of-$(WHO)" },
    { name: "data", mountPath: "/all" },
  ]
  const more = { volumeMounts: mounts, env: [{ name: "WHO", value: "me" }] }
  const container = rig.shell(`echo x > /own/f; ls /all; ${obedient}`, more)
  await rig.create({ name: "expr", volumes: [{ name: "data", emptyDir: {} }], containers: [container] })
  await expect.poll(() => rig.logs("expr", "main").catch(() => "")).toBe("of-me\n")
})

describe("a volume of a CSI driver", () => {
  const name = "test.csi.example.com"
  const directory = "/tmp/wick-kubelet-test/kubelet"
  const driverOptions = { name, plugins: `${directory}/plugins_registry`, store: "/tmp/wick-kubelet-test/csi" }
  const volumeMounts = [{ name: "data", mountPath: "/data" }]
  const inline = (csi: object = {}) => ({
    name: "data",
    csi: { driver: name, volumeAttributes: { size: "9" }, ...csi },
  })
  let driver: TestDriver

  beforeAll(async () => {
    driver = await startTestDriver({ ...driverOptions, stages: true })
    await rig.client.create(CSIDriver, {
      metadata: { name },
      spec: { attachRequired: false, podInfoOnMount: true, volumeLifecycleModes: ["Persistent", "Ephemeral"] },
    } as never)
  })
  afterAll(() => driver?.[Symbol.asyncDispose]())

  it("is known on its node from the moment that the driver's socket is there", async () => {
    await expect.poll(() => driver.registrations).toEqual([""])
    const { spec } = await rig.client.get(CSINode, { name: "rig" })
    expect(spec.drivers).toEqual([
      {
        name,
        nodeID: `${name}-node`,
        topologyKeys: ["test.csi.example.com/rack"],
        allocatable: { count: 7 },
      },
    ])
    const { metadata } = await rig.client.get(Node, { name: "rig" })
    expect(metadata.labels).toMatchObject({ "test.csi.example.com/rack": "r1" })
    expect(metadata.annotations?.["csi.volume.kubernetes.io/nodeid"]).toBe(JSON.stringify({ [name]: `${name}-node` }))
  })

  it("that lives with its pod holds what the driver puts there, outlives the kubelet, and goes with the pod", async () => {
    await rig.client.create(Secret, {
      metadata: { name: "key", namespace: "default" },
      data: { key: Buffer.from("hidden").toString("base64") },
    })
    const script = `cat /data/size /data/key /data/csi.storage.k8s.io_pod.name; echo; echo kept > /data/own; ${obedient}`
    const volume = inline({ nodePublishSecretRef: { name: "key" } })
    await rig.create({ name: "inline", volumes: [volume], containers: [rig.shell(script, { volumeMounts })] })
    const { metadata } = (await rig.until("inline", isReady)) as Pod
    await expect.poll(() => rig.logs("inline", "main")).toBe("9hiddeninline\n")
    await rig.restartKubelet()
    await expect.poll(() => driver.registrations).toEqual(["", ""])
    const target = `${directory}/pods/${metadata.uid}/volumes/kubernetes.io~csi/data/mount`
    expect(readFileSync(`${target}/own`, "utf8")).toBe("kept\n")
    expect(driver.published).toHaveLength(1)
    expect(driver.published[0]).toMatchObject({ targetPath: target, volumeCapability: { accessMode: { mode: 1 } } })
    await rig.remove("inline")
    expect(driver.calls.at(-1)).toBe("NodeUnpublishVolume")
    expect(await rig.leftovers()).toMatchObject({ mounts: 0, directories: 0 })
  })

  /** A claim that is bound to a volume of the driver. */
  async function bind(claimName: string, spec: object, csi: object = {}): Promise<void> {
    const accessModes = ["ReadWriteMany"]
    const volumeName = `${claimName}-disk`
    const claim = await rig.client.create(PersistentVolumeClaim, {
      metadata: { name: claimName, namespace: "default" },
      spec: { accessModes, volumeName, storageClassName: "", resources, ...spec },
    } as never)
    const claimRef = { apiVersion: "v1", kind: "PersistentVolumeClaim", name: claimName, namespace: "default" }
    await rig.client.create(PersistentVolume, {
      metadata: { name: volumeName },
      spec: {
        capacity: resources.requests,
        accessModes,
        claimRef: { ...claimRef, uid: claim.metadata.uid },
        csi: { driver: name, volumeHandle: volumeName, ...csi },
        ...spec,
      },
    } as never)
    const patch = { type: "merge" as const, body: { status: { phase: "Bound" } } }
    const reference = { name: claimName, namespace: "default" }
    await rig.client.patch(PersistentVolumeClaim, reference, patch, { subresource: "status" })
  }
  const use = (claimName: string, readOnly = false) => ({
    name: "data",
    persistentVolumeClaim: { claimName, readOnly },
  })
  const told = async (): Promise<string[]> => {
    const { items } = await rig.client.list(Event, { namespace: "default" })
    return items.flatMap(({ message }) => message ?? [])
  }

  it("that outlives pods is staged once for all of them, read-only for who asks so, and unstaged with the last", async () => {
    await bind("shared", {})
    const before = driver.calls.length
    const writing = rig.shell(`echo shared > /data/f; ${obedient}`, { volumeMounts })
    await rig.create({ name: "writer", volumes: [use("shared")], containers: [writing] })
    await rig.until("writer", isReady)
    const reading = rig.shell(`until cat /data/f; do sleep 0.05; done; touch /data/x 2>&1 | tail -c 22; ${obedient}`, {
      volumeMounts,
    })
    await rig.create({ name: "reader", volumes: [use("shared", true)], containers: [reading] })
    await rig.until("reader", isReady)
    await expect.poll(() => rig.logs("reader", "main")).toBe("shared\nRead-only file system\n")
    await rig.remove("writer")
    expect(driver.calls.slice(before)).not.toContain("NodeUnstageVolume")
    await rig.remove("reader")
    expect(driver.calls.at(-1)).toBe("NodeUnstageVolume")
    expect(await rig.leftovers()).toMatchObject({ mounts: 0, directories: 0 })
  })

  it("is mounted and given back by a driver that fails once at each step, with the Secrets of each", async () => {
    for (const key of ["stage", "publish"]) {
      const data = { key: Buffer.from(`${key} secret`).toString("base64") }
      await rig.client.create(Secret, { metadata: { name: key, namespace: "default" }, data })
    }
    const secret = (key: string) => ({ name: key, namespace: "default" })
    await bind("guarded", {}, { nodeStageSecretRef: secret("stage"), nodePublishSecretRef: secret("publish") })
    const verbs = ["NodeStageVolume", "NodePublishVolume", "NodeUnpublishVolume", "NodeUnstageVolume"]
    for (const verb of verbs) driver.failing.add(verb)
    const before = driver.calls.length
    await rig.create({
      name: "guarded",
      volumes: [use("guarded")],
      containers: [rig.shell(obedient, { volumeMounts })],
    })
    await rig.until("guarded", isReady)
    expect(driver.staged.at(-1)?.secrets).toEqual({ key: "stage secret" })
    expect(driver.published.at(-1)?.secrets).toEqual({ key: "publish secret" })
    const failed = (step: string, verb: string) =>
      `${step} failed for volume "data" : rpc error: code = Internal desc = ${verb} fails once`
    await expect.poll(told).toContain(failed("MountVolume.MountDevice", "NodeStageVolume"))
    await expect.poll(told).toContain(failed("MountVolume.SetUp", "NodePublishVolume"))
    await rig.remove("guarded")
    expect(driver.calls.slice(before).filter((verb) => verb === "NodeUnstageVolume")).toHaveLength(2)
    expect(driver.failing).toEqual(new Set())
    expect(await rig.leftovers()).toMatchObject({ mounts: 0, directories: 0 })
  })

  it("grows under its pods when it was made larger, and its claim is told so", async () => {
    const data = { key: Buffer.from("grow secret").toString("base64") }
    await rig.client.create(Secret, { metadata: { name: "grow", namespace: "default" }, data })
    await bind("growing", {}, { nodeExpandSecretRef: { name: "grow", namespace: "default" } })
    const claim = { name: "growing", namespace: "default" }
    // What a driver's external-resizer does when a claim asks for more.
    const made = async (storage: string): Promise<void> => {
      const body = { spec: { capacity: { storage } } }
      await rig.client.patch(PersistentVolume, { name: "growing-disk" }, { type: "merge", body })
    }
    const conditions = [{ type: "FileSystemResizePending", status: "True" }]
    const pending = { status: { capacity: { storage: "1Gi" }, conditions } }
    await rig.client.patch(PersistentVolumeClaim, claim, { type: "merge", body: pending }, { subresource: "status" })
    await made("2Gi")
    driver.failing.add("NodeExpandVolume")
    await rig.create({
      name: "growing",
      volumes: [use("growing")],
      containers: [rig.shell(obedient, { volumeMounts })],
    })
    const pod = (await rig.until("growing", isReady)) as Pod
    await expect
      .poll(told)
      .toContain(
        'NodeExpandVolume.NodeExpandVolume failed for volume "growing-disk" : rpc error: code = Internal desc = NodeExpandVolume fails once',
      )
    await rig.restartKubelet()
    const got = async () => (await rig.client.get(PersistentVolumeClaim, claim)).status
    await expect.poll(async () => (await got())?.capacity).toEqual({ storage: "2Gi" })
    expect((await got())?.conditions).toBeUndefined()
    const home = `${directory}/pods/${pod.metadata.uid}/volumes/kubernetes.io~csi/data`
    expect(driver.grown).toMatchObject([
      {
        volumeId: "growing-disk",
        volumePath: `${home}/mount`,
        capacityRange: { requiredBytes: 2 * 1024 ** 3 },
        stagingTargetPath: driver.staged.at(-1)?.stagingTargetPath,
        secrets: { key: "grow secret" },
      },
    ])
    await rig.remove("growing")
  })

  it("is a device to the container, and to no other, when its mode is Block; also after the kubelet has gone", async () => {
    await bind("raw", { volumeMode: "Block" })
    const volumeDevices = [{ name: "data", devicePath: "/dev/disk" }]
    const script = `echo raw > /dev/disk; dd if=/dev/disk bs=3 count=1 2>/dev/null; echo; ${obedient}`
    const other = { ...rig.shell(`ls /dev/disk 2>&1; ${obedient}`), name: "other" }
    const containers = [rig.shell(script, { volumeDevices }), other]
    await rig.create({ name: "raw", volumes: [use("raw")], containers })
    await rig.until("raw", isReady)
    await expect.poll(() => rig.logs("raw", "main")).toBe("raw\n")
    await expect.poll(() => rig.logs("raw", "other")).toContain("No such file")
    expect(driver.published.at(-1)?.volumeCapability).toMatchObject({ block: {} })
    const published = driver.published.length
    await rig.restartKubelet()
    await rig.create({
      name: "reads",
      volumes: [use("raw", true)],
      containers: [
        rig.shell(
          `dd if=/dev/disk bs=3 count=1 2>/dev/null; echo; { echo no > /dev/disk; } 2>&1 | tail -c 24; ${obedient}`,
          {
            volumeDevices,
          },
        ),
      ],
    })
    await rig.until("reads", isReady)
    await expect.poll(() => rig.logs("reads", "main")).toBe("raw\nOperation not permitted\n")
    expect(driver.published).toHaveLength(published + 1)
    await rig.remove("raw")
    await rig.remove("reads")
    expect(driver.calls.at(-1)).toBe("NodeUnstageVolume")
    expect(await rig.leftovers()).toMatchObject({ mounts: 0, directories: 0 })
  })

  it("is not mounted as what it is not", async () => {
    await bind("device", { volumeMode: "Block" })
    await rig.create({ name: "files", volumes: [use("device")], containers: [rig.shell(obedient, { volumeMounts })] })
    const message = "volume data has volumeMode Block, but is specified in volumeMounts"
    await expect.poll(told).toContain(`MountVolume.SetUp failed for volume "data" : ${message}`)
  })

  it("waits for its driver, to come and to go", async () => {
    await driver[Symbol.asyncDispose]()
    await rig.create({ name: "early", volumes: [inline()], containers: [rig.shell(obedient, { volumeMounts })] })
    const missing = `MountVolume.SetUp failed for volume "data" : driver name ${name} not found in the list of registered CSI drivers`
    await expect.poll(told).toContain(missing)
    const known = async () => (await rig.client.get(CSINode, { name: "rig" })).spec.drivers
    await expect.poll(known).toEqual([])
    driver = await startTestDriver(driverOptions)
    await rig.until("early", isReady)
    await driver[Symbol.asyncDispose]()
    await rig.restartKubelet(async () => {
      await rig.client.delete(Pod, { name: "early", namespace: "default" }, { gracePeriodSeconds: 0 })
    })
    expect(await rig.leftovers()).toMatchObject({ containers: 0, mounts: 1 })
    driver = await startTestDriver(driverOptions)
    await expect.poll(() => rig.leftovers()).toMatchObject({ mounts: 0, directories: 0 })
    expect(driver.calls).toContain("NodeUnpublishVolume")
  })
})
