import { Deployment } from "@wick/sdk/api/apps/deployment"
import { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { Pod } from "@wick/sdk/api/core/pod"
import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { Fetch } from "@wick/sdk/client"
import { type Random, seededRandom } from "@wick/sdk/clock"
import { describe, expect, it } from "vitest"
import { startTestCluster, until } from "./testing/cluster.ts"

/** Of so many requests one is lost on its way there, one on its way back, and one watch is cut at so many chunks. */
const lossOneIn = 8
const cutOneIn = 20

/** A wire that loses requests, answers and connections. */
function unreliable(random: Random, isCalm: () => boolean): (next: Fetch) => Fetch {
  const unlucky = (oneIn: number): boolean => !isCalm() && random.below(oneIn) === 0
  return (next) => async (request) => {
    if (unlucky(lossOneIn)) throw new TypeError("fetch failed: lost on the way there")
    const isWatch = new URL(request.url).searchParams.has("watch")
    // A request of its own is not answered with the objects themselves, of which nothing can be cut.
    const response = await next(isWatch ? new Request(request) : request)
    if (unlucky(lossOneIn)) {
      await response.body?.cancel()
      throw new TypeError("fetch failed: lost on the way back")
    }
    return isWatch && response.body ? new Response(cut(response.body, () => unlucky(cutOneIn))) : response
  }
}

function cut(body: ReadableStream<Uint8Array>, isCut: () => boolean): ReadableStream<Uint8Array> {
  return body.pipeThrough(
    new TransformStream<Uint8Array, Uint8Array>({
      transform: (chunk, controller) => {
        if (isCut()) controller.error(new TypeError("terminated"))
        else controller.enqueue(chunk)
      },
    }),
  )
}

const namespace = "default"
const labels = { app: "web" }
const web = { name: "web", namespace }
const template = (image: string) => ({ metadata: { labels }, spec: { containers: [{ name: "web", image }] } })

describe("on a wire that loses requests, answers and watches", () => {
  it.each([1, 2, 3])(
    "the cluster becomes exactly what was asked for, and nothing stays of what is deleted (seed %i)",
    async (seed) => {
      let calm = false
      await using cluster = await startTestCluster({ nodes: 2, through: unreliable(seededRandom(seed), () => calm) })
      const { client, informers } = cluster
      const pods = informers(Pod)
      const settledAt = (count: number, image: string) => (all: Pod[]) =>
        all.length === count &&
        all.every(
          ({ spec, metadata }) => spec.nodeName && spec.containers[0]?.image === image && !metadata.deletionTimestamp,
        )
      await client.create(Service, { metadata: web, spec: { selector: labels, ports: [{ port: 80 }] } })
      const spec = { replicas: 12, selector: { matchLabels: labels }, template: template("web:1") }
      await client.create(Deployment, { metadata: web, spec })
      await until(pods, settledAt(12, "web:1"))
      await client.patch(Deployment, web, {
        type: "merge",
        body: { spec: { replicas: 5, template: template("web:2") } },
      })
      await until(pods, settledAt(5, "web:2"))
      const addresses = (slices: EndpointSlice[]): number => slices.flatMap(({ endpoints }) => endpoints).length
      await until(informers(EndpointSlice), (slices) => addresses(slices) === 5)
      await client.delete(Deployment, web)
      await client.delete(Service, web)
      calm = true
      await until(pods, (all) => all.length === 0)
      await until(informers(ReplicaSet), (all) => all.length === 0)
      await until(informers(EndpointSlice), (all) => all.length === 0)
      expect((await client.list(Pod)).items).toEqual([])
    },
  )
})
