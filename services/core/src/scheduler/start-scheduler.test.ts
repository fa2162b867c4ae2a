import { Event } from "@wick/sdk/api/core/event"
import { Node } from "@wick/sdk/api/core/node"
import { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import { Pod } from "@wick/sdk/api/core/pod"
import { findCondition } from "@wick/sdk/api/meta/condition"
import { CSINode } from "@wick/sdk/api/storage/csi-node"
import { type Client, createClient, type Fetch } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformers, type Informers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { startTestApi } from "../apiserver/testing/start.ts"
import { startScheduler } from "./index.ts"

interface Story extends AsyncDisposable {
  readonly client: Client
  readonly informers: Informers
}

/** A scheduler on the API in memory; `through` stands between the two. */
async function start(through: (next: Fetch) => Fetch = (next) => next): Promise<Story> {
  const running = new AsyncDisposableStack()
  const api = running.use(await startTestApi())
  const fetch = api.server.fetchAs({ name: "system:kube-scheduler", groups: ["system:masters"] })
  const client = createClient({ fetch: through(fetch) })
  const informers = running.use(createInformers(client, systemClock, silentLog))
  running.use(startScheduler({ client, informers, clock: systemClock, random: seededRandom(1), log: silentLog }))
  return { client: api.client, informers, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

const namespace = "default"
async function addNode({ client }: Story, name: string, allocatable: Record<string, string>): Promise<void> {
  await client.create(Node, { metadata: { name } })
  const body = { status: { allocatable: { pods: "110", memory: "8Gi", ...allocatable } } }
  await client.patch(Node, { name }, { type: "merge", body }, { subresource: "status" })
}
function addPod({ client }: Story, name: string, cpu: string, more: object = {}): Promise<Pod> {
  const containers = [{ name: "a", image: "i", resources: { requests: { cpu } } }]
  return client.create(Pod, { metadata: { name, namespace }, spec: { containers, ...more } })
}
function until({ informers }: Story, condition: (pods: Pod[]) => boolean): Promise<void> {
  const pods = informers(Pod)
  return new Promise((resolve) => {
    let undo: (() => void) | undefined
    const look = (): void => {
      if (!condition(pods.list())) return
      undo?.()
      resolve()
    }
    undo = pods.onChange(look)
    look()
  })
}
const bound = (pods: Pod[]): number => pods.filter(({ spec }) => spec.nodeName).length
const waiting = (pods: Pod[]): Pod[] =>
  pods.filter(({ status }) => findCondition(status?.conditions, "PodScheduled")?.reason === "Unschedulable")

describe("the scheduler", () => {
  it("waits with a pod until a driver has room for its volume on some node", async () => {
    await using story = await start()
    const { client } = story
    await addNode(story, "one", { cpu: "10" })
    const drivers = (count: number) => [{ name: "disks.example.com", nodeID: "n", allocatable: { count } }]
    await client.create(CSINode, { metadata: { name: "one" }, spec: { drivers: drivers(1) } })
    const accessModes = ["ReadWriteOnce"]
    for (const name of ["a", "b"]) {
      const resources = { requests: { storage: "1Gi" } }
      const spec = { accessModes, resources, volumeName: `disk-${name}`, storageClassName: "" }
      await client.create(PersistentVolumeClaim, { metadata: { name, namespace }, spec })
      const csi = { driver: "disks.example.com", volumeHandle: name }
      const disk = { accessModes, capacity: { storage: "1Gi" }, csi }
      await client.create(PersistentVolume, { metadata: { name: `disk-${name}` }, spec: disk } as never)
      const volumes = [{ name: "data", persistentVolumeClaim: { claimName: name } }]
      await addPod(story, name, "100m", { volumes })
      if (name === "a") await until(story, (pods) => bound(pods) === 1)
    }
    await until(story, (pods) => waiting(pods).length === 1)
    const [pod] = waiting(story.informers(Pod).list())
    expect(findCondition(pod?.status?.conditions, "PodScheduled")?.message).toBe(
      "0/1 nodes are available: 1 node(s) exceed max volume count.",
    )
    await client.patch(CSINode, { name: "one" }, { type: "merge", body: { spec: { drivers: drivers(2) } } })
    await until(story, (pods) => bound(pods) === 2)
  })

  it("fills a node exactly in a burst, and says of the rest why they wait", async () => {
    await using story = await start()
    await addNode(story, "one", { cpu: "10" })
    await Promise.all(Array.from({ length: 30 }, (_, i) => addPod(story, `p${i}`, "500m")))
    await until(story, (pods) => bound(pods) === 20 && waiting(pods).length === 10)
    const [one] = waiting(story.informers(Pod).list())
    expect(findCondition(one?.status?.conditions, "PodScheduled")).toMatchObject({
      status: "False",
      message: "0/1 nodes are available: 1 Insufficient cpu.",
    })
  })

  it("places those who wait when a node comes, and when a pod goes", async () => {
    await using story = await start()
    await Promise.all([addPod(story, "a", "1"), addPod(story, "b", "1")])
    await until(story, (pods) => waiting(pods).length === 2)
    await addNode(story, "one", { cpu: "1" })
    await until(story, (pods) => bound(pods) === 1)
    const placed = story
      .informers(Pod)
      .list()
      .find(({ spec }) => spec.nodeName)
    const reference = { name: placed?.metadata.name ?? "", namespace }
    await story.client.delete(Pod, reference, { gracePeriodSeconds: 0 })
    await until(story, (pods) => pods.length === 1 && bound(pods) === 1)
  })

  it("tries again when a binding was lost on the way, and tells of it in events", async () => {
    let lost = 0
    await using story = await start((next) => (request) => {
      if (request.url.endsWith("/binding") && lost++ === 0) throw new TypeError("fetch failed")
      return next(request)
    })
    await addNode(story, "one", { cpu: "1" })
    await addPod(story, "a", "1")
    await until(story, (pods) => bound(pods) === 1)
    expect(lost).toBe(2)
    const events = story.informers(Event)
    await new Promise<void>((resolve) => {
      events.onChange(({ after }) => after?.reason === "Scheduled" && resolve())
    })
    expect(events.list().map(({ message }) => message)).toContain("Successfully assigned default/a to one")
  })

  it("leaves pods alone that name another scheduler or are gated", async () => {
    await using story = await start()
    await addNode(story, "one", { cpu: "4" })
    await addPod(story, "other", "1", { schedulerName: "mine" })
    await addPod(story, "gated", "1", { schedulingGates: [{ name: "wait" }] })
    await addPod(story, "ours", "1")
    await until(story, (pods) => bound(pods) === 1)
    expect(story.informers(Pod).get("ours", namespace)?.spec.nodeName).toBe("one")
  })
})
