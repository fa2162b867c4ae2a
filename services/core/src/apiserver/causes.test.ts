import { Deployment } from "@wick/sdk/api/apps/deployment"
import { Pod } from "@wick/sdk/api/core/pod"
import type { WriteOptions } from "@wick/sdk/client"
import { causeAnnotation } from "@wick/sdk/tracing"
import { expect, it } from "vitest"
import { startTestApi } from "./testing/start.ts"

const sampled = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
const other = sampled.replace("b7", "b8")
const namespace = "default"
const at = { name: "web", namespace }
const labels = { app: "web" }
const template = { metadata: { labels }, spec: { containers: [{ name: "c", image: "a" }] } }

async function scene(notesCauses = true) {
  const api = await startTestApi({ notesCauses })
  const spec = { replicas: 0, selector: { matchLabels: labels }, template }
  await api.client.create(Deployment, { metadata: at, spec })
  const scale = (replicas: number, options: WriteOptions = {}) =>
    api.client.patch(
      Deployment,
      at,
      { type: "merge", body: { spec: { replicas } } },
      { subresource: "scale", ...options },
    )
  const annotations = async () => (await api.client.get(Deployment, at)).metadata.annotations
  return { api, client: api.client, scale, annotations, [Symbol.asyncDispose]: () => api[Symbol.asyncDispose]() }
}

it("is noted on what a traced write changes, in the same write, until the next change", async () => {
  await using given = await scene()
  const before = await given.client.get(Deployment, at)
  await given.scale(1, { traceparent: sampled })
  const after = await given.client.get(Deployment, at)
  expect(after.metadata.annotations).toEqual({ [causeAnnotation]: sampled })
  expect(Number(after.metadata.resourceVersion) - Number(before.metadata.resourceVersion)).toBe(1)
  expect(after.metadata.managedFields?.map(({ subresource }) => subresource)).toEqual([undefined, "scale"])
  await given.scale(2, { traceparent: other })
  expect(await given.annotations()).toEqual({ [causeAnnotation]: other })
  await given.scale(3)
  expect(await given.annotations()).toBeUndefined()
})

it("stays through writes that change nothing of what is desired", async () => {
  await using given = await scene()
  await given.scale(1, { traceparent: sampled })
  const patch = { type: "merge", body: { metadata: { annotations: { mine: "1" } } } } as const
  await given.client.patch(Deployment, at, patch, { traceparent: other })
  expect(await given.annotations()).toEqual({ mine: "1", [causeAnnotation]: sampled })
})

it("is noted on new objects too, and may be brought by whoever writes them", async () => {
  await using given = await scene()
  const pod = { metadata: { name: "a", namespace }, spec: template.spec }
  const made = await given.client.create(Pod, pod, { traceparent: sampled })
  expect(made.metadata.annotations).toEqual({ [causeAnnotation]: sampled })
  const annotations = { [causeAnnotation]: other }
  const brought = await given.client.create(Pod, { ...pod, metadata: { name: "b", namespace, annotations } })
  expect(brought.metadata.annotations).toEqual(annotations)
})

it("is nobody's while the cluster is not traced, and of no trace that is not kept", async () => {
  await using untraced = await scene(false)
  await untraced.scale(1, { traceparent: sampled })
  expect(await untraced.annotations()).toBeUndefined()
  await using given = await scene()
  await given.scale(1, { traceparent: sampled.replace(/01$/, "00") })
  await given.scale(2, { traceparent: "odd" })
  expect(await given.annotations()).toBeUndefined()
})
