import { Deployment } from "@wick/sdk/api/apps/deployment"
import { ReplicaSet } from "@wick/sdk/api/apps/replica-set"
import { Pod } from "@wick/sdk/api/core/pod"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { causeAnnotation, createTracing } from "@wick/sdk/tracing"
import { expect, it } from "vitest"
import { atRest, startTestCluster, until } from "./testing/cluster.ts"

const traceId = "0af7651916cd43dd8448eb211c80319c"
const traceparent = `00-${traceId}-b7ad6b7169203331-01`
const namespace = "default"
const labels = { app: "web" }

interface Line {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
}

/** A deployment at zero, whose loops trace; told what they say and what they write. */
async function scene() {
  await using undo = new AsyncDisposableStack()
  const spans: Line[] = []
  const world = { clock: systemClock, random: systemRandom, log: silentLog, service: "loops" }
  const tracing = undo.use(createTracing({ ...world, write: (line) => spans.push(JSON.parse(line)) }))
  tracing.configure({ protocol: "stdout", endpoint: "", samplingRate: 1 })
  await tracing.flush()
  const cluster = undo.use(await startTestCluster({ tracing }))
  const { client } = cluster
  await client.create(Deployment, {
    metadata: { name: "web", namespace },
    spec: {
      replicas: 0,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: "c", image: "a" }] } },
    },
  })
  const pods = cluster.informers(Pod)
  const ready = (count: number) =>
    until(
      pods,
      (all) =>
        all.filter(({ status }) =>
          status?.conditions?.some(({ type, status }) => type === "Ready" && status === "True"),
        ).length === count,
    )
  const scale = async (replicas: number, options = {}) => {
    await atRest(cluster)
    cluster.writes.length = 0
    const patch = { type: "merge", body: { spec: { replicas } } } as const
    await client.patch(Deployment, { name: "web", namespace }, patch, { subresource: "scale", ...options })
    await ready(replicas)
    await atRest(cluster)
    await tracing.flush()
    return cluster.writes.map((line) => line.replace(/web-[a-z0-9]+-[a-z0-9]+/, "pod"))
  }
  const running = undo.move()
  return { client, cluster, spans, scale, [Symbol.asyncDispose]: () => running.disposeAsync() }
}

it("leads from a traced scale to the pod's node, hop by hop, with not one write more", async () => {
  await using at = await scene()
  const untraced = await at.scale(1)
  await at.scale(0)
  expect(at.spans).toEqual([])
  expect(await at.scale(1, { traceparent })).toEqual(untraced)

  expect(at.spans.map(({ name }) => name).sort()).toEqual(["Scheduling", "create Pods", "scale Deployment"])
  const named = (name: string) => at.spans.find((span) => span.name === name) as Line
  expect(named("scale Deployment")).toMatchObject({ traceId, parentSpanId: "b7ad6b7169203331" })
  expect(named("create Pods")).toMatchObject({ traceId, parentSpanId: named("scale Deployment").spanId })
  expect(named("Scheduling")).toMatchObject({ traceId, parentSpanId: named("create Pods").spanId })
  const [pod] = (await at.client.list(Pod, { namespace })).items
  expect(pod?.metadata.annotations?.[causeAnnotation]).toBe(`00-${traceId}-${named("Scheduling").spanId}-01`)
})

it("makes no new template of it, and is no part of what comes later", async () => {
  await using at = await scene()
  await at.scale(1, { traceparent })
  at.spans.length = 0
  await at.scale(2)
  expect(at.spans).toEqual([])
  const { items: sets } = await at.client.list(ReplicaSet, { namespace })
  expect(sets).toHaveLength(1)
  expect(sets[0]?.metadata.annotations).not.toHaveProperty(causeAnnotation)
  expect(sets[0]?.spec.template?.metadata?.annotations).toBeUndefined()
  const deployment = await at.client.get(Deployment, { name: "web", namespace })
  expect(deployment.metadata.annotations).not.toHaveProperty(causeAnnotation)
})
