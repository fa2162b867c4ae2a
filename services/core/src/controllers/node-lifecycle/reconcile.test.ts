import { Lease } from "@wick/sdk/api/coordination/lease"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Node } from "@wick/sdk/api/core/node"
import { Pod } from "@wick/sdk/api/core/pod"
import { isConditionTrue } from "@wick/sdk/api/meta/condition"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { formatMicroTime } from "@wick/sdk/api/meta/time"
import { type Client, createClient, type FetchWrapper } from "@wick/sdk/client"
import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { describe, expect, it } from "vitest"
import { startTestApi } from "../../apiserver/testing/start.ts"
import { startNodeLifecycle } from "./reconcile.ts"

const name = "one"
const pod = { name: "web", namespace: "default" }
const renewEveryMs = 10_000

/** Whoever sets the machine's time moves that alone: what is measured goes on. */
class SettableClock extends SimulatedClock {
  aheadMs = 0

  override now(): number {
    return super.now() + this.aheadMs
  }
}

/** A node with a ready pod, which renews its lease while it is alive; time is the test's. */
class Story implements AsyncDisposable {
  readonly clock = new SettableClock()
  readonly #running = new AsyncDisposableStack()
  readonly client: Client
  alive = true

  private constructor(client: Client) {
    this.client = client
  }

  static async start(through: FetchWrapper = (next) => next): Promise<Story> {
    const api = await startTestApi()
    const story = new Story(api.client)
    story.#running.use(api)
    const { client, clock } = story
    for (const namespace of ["default", "kube-node-lease"]) await ensureNamespace(client, namespace)
    await client.create(Node, { metadata: { name } })
    const conditions = [{ type: "Ready", status: "True" }]
    await client.patch(Node, { name }, { type: "merge", body: { status: { conditions } } }, { subresource: "status" })
    await client.create(Lease, { metadata: { name, namespace: "kube-node-lease" } })
    await client.create(Pod, { metadata: pod, spec: { nodeName: name, containers: [{ name: "a", image: "i" }] } })
    await client.patch(Pod, pod, { type: "merge", body: { status: { conditions } } }, { subresource: "status" })
    const fetch = through(api.server.fetchAs({ name: "system:controllers", groups: ["system:masters"] }))
    const informers = story.#running.use(createInformers(createClient({ fetch }), clock, silentLog))
    story.#running.use(startNodeLifecycle({ client, informers, clock, random: seededRandom(1), log: silentLog }))
    await story.pass(0)
    return story
  }

  /** Time passes; the node renews its lease as it does. */
  async pass(ms: number): Promise<void> {
    for (let left = ms; left >= 0; left -= renewEveryMs) {
      const spec = { renewTime: formatMicroTime(this.clock.now()) }
      const reference = { name, namespace: "kube-node-lease" }
      if (this.alive) await this.client.patch(Lease, reference, { type: "merge", body: { spec } })
      // Answers of the API take turns of the event loop, in which simulated time stands still.
      for (let turn = 0; turn < 20; turn++) await this.clock.advance(0)
      if (left > 0) await this.clock.advance(Math.min(left, renewEveryMs))
    }
    for (let turn = 0; turn < 50; turn++) await this.clock.advance(0)
  }

  taints = async (): Promise<string[]> => {
    const node = await this.client.get(Node, { name })
    return (node.spec?.taints ?? []).map(({ key, effect }) => `${key.split("/")[1]}:${effect}`)
  };

  [Symbol.asyncDispose] = (): Promise<void> => this.#running.disposeAsync()
}

async function ensureNamespace(client: Client, namespace: string): Promise<void> {
  try {
    await client.create(Namespace, { metadata: { name: namespace } })
  } catch (error) {
    if (!isStatus(error, "AlreadyExists")) throw error
  }
}

/** A watch that can be cut; what has happened meanwhile is then learned from a list alone. */
class WatchOfNodes {
  #cut = new AbortController()

  cut(): void {
    this.#cut.abort()
  }

  readonly through: FetchWrapper = (next) => async (request) => {
    const { pathname, searchParams } = new URL(request.url)
    if (pathname !== "/api/v1/nodes" || !searchParams.has("watch")) return next(request)
    if (this.#cut.signal.aborted) {
      this.#cut = new AbortController()
      return Response.json({ kind: "Status", status: "Failure", reason: "Expired", code: 410 }, { status: 410 })
    }
    const response = await next(request)
    return new Response(response.body?.pipeThrough(new TransformStream(), { signal: this.#cut.signal }), response)
  }
}

describe("a node", () => {
  it("that renews its lease is left alone for ever", async () => {
    await using story = await Story.start()
    await story.pass(600_000)
    expect(await story.taints()).toEqual([])
  })

  it("is not lost because the machine was suspended, or its time set, for an hour", async () => {
    await using story = await Story.start()
    for (const aheadMs of [3_600_000, 0]) {
      story.clock.aheadMs = aheadMs
      await story.pass(60_000)
      expect(await story.taints()).toEqual([])
    }
    story.alive = false
    await story.pass(50_000)
    expect(await story.taints()).toEqual(["unreachable:NoSchedule", "unreachable:NoExecute"])
  })

  it("that falls silent is marked, its pods count as not ready, and after five minutes they go", async () => {
    await using story = await Story.start()
    story.alive = false
    await story.pass(50_000)
    expect(await story.taints()).toEqual(["unreachable:NoSchedule", "unreachable:NoExecute"])
    const { status } = await story.client.get(Node, { name })
    expect(status?.conditions).toMatchObject([{ type: "Ready", status: "Unknown" }])
    expect(isConditionTrue((await story.client.get(Pod, pod)).status?.conditions, "Ready")).toBe(false)
    expect((await story.client.get(Pod, pod)).metadata.deletionTimestamp).toBeUndefined()
    await story.pass(310_000)
    expect((await story.client.get(Pod, pod)).metadata.deletionTimestamp).toBeDefined()
  })

  it("that comes back in time keeps its pods and loses its taints", async () => {
    await using story = await Story.start()
    story.alive = false
    await story.pass(60_000)
    story.alive = true
    const conditions = [{ type: "Ready", status: "True" }]
    const body = { status: { conditions } }
    await story.client.patch(Node, { name }, { type: "merge", body }, { subresource: "status" })
    await story.pass(400_000)
    expect(await story.taints()).toEqual([])
    expect((await story.client.get(Pod, pod)).metadata.deletionTimestamp).toBeUndefined()
  })

  it("that is made anew under its name, while nobody looks, is given the time of a new one", async () => {
    const watching = new WatchOfNodes()
    await using story = await Story.start(watching.through)
    story.alive = false
    await story.pass(30_000)
    watching.cut()
    await story.client.delete(Node, { name })
    await story.client.create(Node, { metadata: { name } })
    await story.pass(30_000)
    expect(await story.taints()).toEqual([])
    await story.pass(20_000)
    expect(await story.taints()).toEqual(["unreachable:NoSchedule", "unreachable:NoExecute"])
  })

  it("that is removed takes its pods along after a while", async () => {
    await using story = await Story.start()
    story.alive = false
    await story.client.delete(Node, { name })
    await story.pass(30_000)
    expect((await story.client.get(Pod, pod)).metadata.uid).toBeDefined()
    await story.pass(20_000)
    await expect(story.client.get(Pod, pod)).rejects.toThrow("not found")
  })
})
