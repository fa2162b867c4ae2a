import { Deployment } from "@wick/sdk/api/apps/deployment"
import { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { Pod } from "@wick/sdk/api/core/pod"
import type { Kind } from "@wick/sdk/api/kind"
import type { Client, FetchWrapper } from "@wick/sdk/client"
import { describe, it } from "vitest"
import { atRest, startTestCluster, type TestCluster, until } from "./testing/cluster.ts"

const namespace = "default"
const labels = { app: "web" }
const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "x" }] } }
const selector = { matchLabels: labels }
const web = { name: "web", namespace }

/** Of `kind`, `nobodys` goes while it is about to be adopted, and its watches tell nothing of that until they are let. */
function goesMeanwhile(kind: Kind): { through: FetchWrapper; of(client: Client): void; letTell(): void } {
  const gate = Promise.withResolvers<void>()
  let direct: Client | undefined
  let isGone = false
  const held = (body: ReadableStream<Uint8Array>): ReadableStream<Uint8Array> =>
    body.pipeThrough(
      new TransformStream<Uint8Array, Uint8Array>({
        transform: async (chunk, controller) => {
          if (isGone) await gate.promise
          controller.enqueue(chunk)
        },
      }),
    )
  const through: FetchWrapper = (next) => async (request) => {
    const { pathname, searchParams } = new URL(request.url)
    if (request.method === "PATCH" && pathname.endsWith(`/${kind.plural}/nobodys`) && !isGone) {
      isGone = true
      await direct?.delete(kind, { name: "nobodys", namespace }, { gracePeriodSeconds: 0 })
    }
    if (!pathname.endsWith(`/${kind.plural}`) || !searchParams.has("watch")) return next(request)
    // A request of its own is not answered with the objects themselves: these would come past the gate.
    const { body } = await next(new Request(request))
    return new Response(body && held(body))
  }
  return {
    through,
    of: (client) => {
      direct = client
    },
    letTell: gate.resolve,
  }
}

async function settled(cluster: TestCluster, letTell: () => void): Promise<void> {
  await atRest(cluster)
  letTell()
}

describe("what goes while it is about to be adopted", () => {
  it("does not stand for a pod that its ReplicaSet should have", async () => {
    const story = goesMeanwhile(Pod)
    await using cluster = await startTestCluster({ through: story.through })
    const { client, informers } = cluster
    story.of(client)
    await client.create(Pod, { metadata: { name: "nobodys", namespace, labels }, spec: template.spec })
    await until(informers(Pod), ([pod]) => pod?.spec.nodeName !== undefined)
    await atRest(cluster)
    await client.create(ReplicaSet, { metadata: web, spec: { replicas: 1, selector, template } })
    await settled(cluster, story.letTell)
    await until(informers(Pod), ([pod]) => pod?.metadata.ownerReferences?.[0]?.name === "web")
  })

  it("does not stand for the ReplicaSet that its Deployment should have", async () => {
    const story = goesMeanwhile(ReplicaSet)
    await using cluster = await startTestCluster({ through: story.through })
    const { client, informers } = cluster
    story.of(client)
    await client.create(ReplicaSet, {
      metadata: { name: "nobodys", namespace, labels },
      spec: { replicas: 1, selector, template },
    })
    await until(informers(Pod), ([pod]) => pod?.spec.nodeName !== undefined)
    await atRest(cluster)
    await client.create(Deployment, { metadata: web, spec: { replicas: 1, selector, template } })
    await settled(cluster, story.letTell)
    await until(informers(ReplicaSet), ([set]) => set?.metadata.ownerReferences?.[0]?.name === "web")
  })
})
