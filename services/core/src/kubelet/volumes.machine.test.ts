import { Event } from "@wick/sdk/api/core/event"
import { Pod } from "@wick/sdk/api/core/pod"
import { isConditionTrue } from "@wick/sdk/api/meta/condition"
import { createImage, createLayer, parseImageReference, pushImage } from "@wick/sdk/oci"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"
import { type NodeRig, type PodDraft, startNodeRig } from "./testing/node-rig.ts"

let rig: NodeRig
beforeAll(async () => {
  // Every image that nobody uses goes with the next pod.
  rig = await startNodeRig({ imageLimits: { highWater: 0, lowWater: 0, pauseMs: 0 } })
})
afterAll(async () => {
  await rig?.[Symbol.asyncDispose]()
})
afterEach(async () => {
  const { items } = await rig.client.list(Pod, { namespace: "default" })
  await Promise.all(items.map(({ metadata }) => remove(metadata.name)))
})

/** A container that ends at once when it is told to. */
const obedient = "trap 'exit 0' TERM; sleep 1000 & wait"

function shell(script: string, more: Partial<PodDraft["containers"][number]> = {}) {
  return { name: "main", image: rig.image, command: ["sh", "-c", script], ...more }
}

async function remove(name: string): Promise<void> {
  await rig.client.delete(Pod, { name, namespace: "default" }).catch(() => {})
  await rig.until(name, (pod) => pod === undefined)
}

const isReady = (pod: Pod | undefined): boolean => isConditionTrue(pod?.status?.conditions, "Ready")
const statusOf = (pod: Pod | undefined) => pod?.status?.containerStatuses?.[0]

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
    const container = shell(script, { volumeMounts })
    await rig.create({ name: "reader", volumes: [{ name: "files", image: { reference } }], containers: [container] })
    await rig.until("reader", isReady)
    const told = "abovekeptaboveRead-only file system\n"
    await expect.poll(() => rig.logs("reader", "main")).toBe(told)
    expect(await views()).toHaveLength(1)
    await remove("reader")
    expect(await views()).toEqual([])
    expect(await rig.leftovers()).toMatchObject({ mounts: 0, directories: 0 })
  })

  it("outlives the kubelet and its image, and is taken away with a pod that went meanwhile", async () => {
    const image = { reference: await pushFiles("single", { "etc/a": "one layer" }) }
    const container = shell(`while sleep 0.05; do cat /files/etc/a; echo; done`, {
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
    expect((await views()).map(({ podUid }) => podUid)).toEqual([pod?.metadata.uid])
    const before = (await rig.logs("stays", "main")).length
    await expect.poll(async () => (await rig.logs("stays", "main")).slice(before)).toContain("one layer")
    expect(statusOf(pod)?.restartCount).toBe(0)
  })

  it("of an image that cannot be pulled says so as a container's own image would, and then waits", async () => {
    const reference = `${rig.image.split("@")[0]}:none`
    const container = shell(obedient, { volumeMounts: volumeMounts.slice(0, 1) })
    await rig.create({ name: "hopeless", volumes: [{ name: "files", image: { reference } }], containers: [container] })
    const waiting = (reason: string) => (pod: Pod | undefined) => statusOf(pod)?.state?.waiting?.reason === reason
    await rig.until("hopeless", waiting("ErrImagePull"))
    const pod = await rig.until("hopeless", waiting("ImagePullBackOff"))
    expect(statusOf(pod)?.state?.waiting?.message).toContain(`Back-off pulling image "${reference}": ErrImagePull: `)
  })

  it("has no directory that the image has not", async () => {
    const reference = await pushFiles("single", { "etc/a": "one layer" })
    const mounts = [{ name: "files", mountPath: "/files", subPath: "none" }]
    const container = shell(obedient, { volumeMounts: mounts })
    await rig.create({ name: "lost", volumes: [{ name: "files", image: { reference } }], containers: [container] })
    const told = async (): Promise<string[]> => {
      const { items } = await rig.client.list(Event, { namespace: "default" })
      return items.flatMap(({ message }) => message ?? [])
    }
    await expect.poll(told).toContain('subPath "none" is not there, and the volume is read-only')
  })
})
