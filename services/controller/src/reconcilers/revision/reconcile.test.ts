import { startTestApi } from "@wick/core/testing"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import { Image } from "@wick/sdk/api/caching-internal/image"
import { Event } from "@wick/sdk/api/core/event"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Pod } from "@wick/sdk/api/core/pod"
import { crd } from "@wick/sdk/api/crd"
import { Revision } from "@wick/sdk/api/serving/revision"
import { systemClock } from "@wick/sdk/clock"
import { createEventRecorder, createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { watchConfig } from "@wick/sdk/serving-config"
import { expect, it } from "vitest"
import { startRevisionController } from "./reconcile.ts"

const reference = { name: "one", namespace: "default" }
/** By its digest: no registry is asked. */
const image = `registry.test/hello@sha256:${"0".repeat(64)}`
const spec = { containers: [{ name: "user-container", image }] }

it("that a revision has become ready is told once, though its pods change until its status says so", async () => {
  await using undo = new AsyncDisposableStack()
  const { client } = undo.use(await startTestApi())
  for (const kind of [Image, PodAutoscaler, Revision]) await client.create(CustomResourceDefinition, crd(kind))
  await client.create(Namespace, { metadata: { name: "knative-serving" } })
  const world = { client, clock: systemClock, log: silentLog }
  const informers = undo.use(createInformers(client, systemClock, silentLog))
  const events = undo.use(createEventRecorder({ ...world, component: "test" }))
  const registries = { plain: [], authorityFiles: [] }
  const context = { ...world, informers, events, registries, config: watchConfig(informers) }
  const controller = undo.use(startRevisionController(context))
  await client.create(Revision, { metadata: reference, spec })
  const labels = { "serving.knative.dev/revision": reference.name }
  const pod = await client.create(Pod, { metadata: { ...reference, labels }, spec })
  const conditions = [{ type: "Ready", status: "True" }]
  await client.updateStatus(Pod, { ...pod, status: { conditions } } as typeof pod)
  const isReady = async (): Promise<boolean> => {
    const { status } = await client.get(Revision, reference)
    return status?.conditions?.some(({ type, status: value }) => type === "Ready" && value === "True") === true
  }
  await expect
    .poll(async () => {
      controller.wake(`${reference.namespace}/${reference.name}`)
      return isReady()
    })
    .toBe(true)
  await controller.idle()
  await events.flush()
  const { items } = await client.list(Event, { namespace: "default", fieldSelector: "reason=RevisionReady" })
  expect(items.map(({ count }) => count)).toEqual([1])
})
