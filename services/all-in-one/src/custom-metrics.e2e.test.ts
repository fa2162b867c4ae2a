import { HorizontalPodAutoscaler } from "@wick/sdk/api/autoscaling/horizontal-pod-autoscaler"
import { afterAll, beforeAll, expect, it } from "vitest"
import { steady } from "./testing/burst.ts"
import { buildTestImages } from "./testing/images.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

let wick: TestPlatform

beforeAll(async () => {
  wick = await startTestPlatform()
  await buildTestImages(wick.registry)
})
afterAll(() => wick?.[Symbol.asyncDispose]())

const domain = "default.wick.localhost"

async function get(path: string): Promise<Record<string, never>> {
  const { stdout, stderr, code } = await wick.kubectl("get", "--raw", path)
  expect({ path, code, stderr }).toMatchObject({ path, code: 0 })
  return JSON.parse(stdout)
}

it("scales a revision of class hpa by the requests that activators report of its pods", async () => {
  const manifest = {
    apiVersion: "serving.knative.dev/v1",
    kind: "Service",
    metadata: { name: "counted", namespace: "default" },
    spec: {
      template: {
        metadata: {
          annotations: {
            "autoscaling.knative.dev/class": "hpa.autoscaling.knative.dev",
            "autoscaling.knative.dev/metric": "concurrency",
            "autoscaling.knative.dev/target": "4",
            "autoscaling.knative.dev/max-scale": "2",
          },
        },
        spec: { containers: [{ image: `${wick.registry}/echo`, env: [{ name: "DELAY_MS", value: "200" }] }] },
      },
    },
  }
  await wick.client.request("/apis/serving.knative.dev/v1/namespaces/default/services", {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(manifest),
  })
  await until("the service is ready", async () => (await wick.call(`counted.${domain}`)).status === 200)
  const ended = new AbortController()
  const load = steady(12, () => wick.call(`counted.${domain}`), ended.signal)
  const served = "/apis/custom.metrics.k8s.io/v1beta2"
  await until("custom metrics are served", async () => {
    const { items = [] } = (await get("/apis/apiregistration.k8s.io/v1/apiservices")) as {
      items?: { metadata: { name: string } }[]
    }
    return items.some(({ metadata }) => metadata.name === "v1beta2.custom.metrics.k8s.io")
  })
  await until("the load of the pod is told", async () => {
    const { stdout, code } = await wick.kubectl("get", "--raw", `${served}/namespaces/default/pods/*/concurrency`)
    if (code !== 0) return false
    const { items } = JSON.parse(stdout) as { items: { describedObject: { kind: string }; value: string }[] }
    return items[0]?.describedObject.kind === "Pod" && Number.parseInt(items[0].value, 10) > 0
  })
  await until("it is scaled out by that", async () => {
    const { status } = await wick.client.get(HorizontalPodAutoscaler, { name: "counted-00001", namespace: "default" })
    return status?.desiredReplicas === 2
  })
  ended.abort()
  expect((await load).byStatus).toMatchObject({ 200: expect.any(Number) })
  const { status } = await wick.client.get(HorizontalPodAutoscaler, { name: "counted-00001", namespace: "default" })
  expect(status?.conditions).toContainEqual(
    expect.objectContaining({ type: "ScalingActive", status: "True", reason: "ValidMetricFound" }),
  )
  await wick.wick("delete", "counted", "--yes")
  await until("nobody is left who asks for them", async () => {
    const { code } = await wick.kubectl("get", "apiservice", "v1beta2.custom.metrics.k8s.io")
    return code !== 0
  })
})
