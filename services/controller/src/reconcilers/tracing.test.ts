import { startTestApi } from "@wick/core/testing"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { Deployment } from "@wick/sdk/api/apps/deployment"
import { PodAutoscaler } from "@wick/sdk/api/autoscaling-internal/pod-autoscaler"
import { Image } from "@wick/sdk/api/caching-internal/image"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { crd } from "@wick/sdk/api/crd"
import { Configuration } from "@wick/sdk/api/serving/configuration"
import { Revision } from "@wick/sdk/api/serving/revision"
import { Route } from "@wick/sdk/api/serving/route"
import { Service } from "@wick/sdk/api/serving/service"
import { systemClock, systemRandom } from "@wick/sdk/clock"
import { createEventRecorder, createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { watchConfig } from "@wick/sdk/serving-config"
import { createTracing } from "@wick/sdk/tracing"
import { expect, it } from "vitest"
import { startConfigurationController } from "./configuration/reconcile.ts"
import { startRevisionController } from "./revision/reconcile.ts"
import { startServiceController } from "./service/reconcile.ts"

const traceId = "0af7651916cd43dd8448eb211c80319c"
const namespace = "default"

interface Line {
  readonly name: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
}

it("a traced deployment is one tree down to the Deployment, and its pods are told nothing of it", async () => {
  await using undo = new AsyncDisposableStack()
  const { client } = undo.use(await startTestApi({ notesCauses: true }))
  const informers = undo.use(createInformers(client, systemClock, silentLog))
  const spans: Line[] = []
  const last = Promise.withResolvers<void>()
  const write = (line: string): void => {
    spans.push(JSON.parse(line))
    if (spans.at(-1)?.name === "create Deployment") last.resolve()
  }
  const world = { clock: systemClock, random: systemRandom, log: silentLog, service: "controller" }
  const tracing = undo.use(createTracing({ ...world, write }))
  tracing.configure({ protocol: "stdout", endpoint: "", samplingRate: 1 })
  await tracing.flush()
  for (const kind of [Service, Configuration, Route, Revision, PodAutoscaler, Image]) {
    await client.create(CustomResourceDefinition, crd(kind))
  }
  await client.create(Namespace, { metadata: { name: "knative-serving" } })
  const config = watchConfig(informers)
  const registries = { plain: [], authorityFiles: [] }
  const events = undo.use(createEventRecorder({ client, clock: systemClock, log: silentLog, component: "test" }))
  const context = { client, informers, config, registries, events, clock: systemClock, log: silentLog, tracing }
  undo.use(startServiceController(context))
  undo.use(startConfigurationController(context))
  undo.use(startRevisionController(context))
  const deployments = informers(Deployment)
  const made = new Promise<Deployment>((resolve) => {
    deployments.onChange(({ after }) => after && resolve(after))
  })
  // Tags at this registry are not resolved.
  const spec = { template: { spec: { containers: [{ name: "user-container", image: "dev.local/hello" }] } } }
  await client.create(
    Service,
    { metadata: { name: "hello", namespace }, spec },
    {
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    },
  )
  const deployment = await made
  await last.promise

  const named = (name: string) => spans.find((span) => span.name === name)
  expect(new Set(spans.map((span) => span.traceId))).toEqual(new Set([traceId]))
  expect(named("create Route")?.parentSpanId).toBe("b7ad6b7169203331")
  expect(named("create Configuration")?.parentSpanId).toBe("b7ad6b7169203331")
  expect(named("create Revision")?.parentSpanId).toBe(named("create Configuration")?.spanId)
  expect(named("create Deployment")?.parentSpanId).toBe(named("create Revision")?.spanId)
  expect(deployment.metadata.annotations?.["wick.dev/traceparent"]).toBe(
    `00-${traceId}-${named("create Deployment")?.spanId}-01`,
  )
  expect(deployment.spec.template.metadata?.annotations).not.toHaveProperty("wick.dev/traceparent")
})
