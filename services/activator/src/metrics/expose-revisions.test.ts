import { createMetrics, prometheusName } from "@wick/sdk/metrics"
import { documentedMetrics } from "@wick/sdk/metrics/testing"
import { startOtlpSink } from "@wick/sdk/otlp/testing"
import { expect, it } from "vitest"
import { ask, startApp, startStage } from "../testing/stage.ts"
import { exposeRequests } from "./expose-revisions.ts"

it("names the figures of requests as Knative does, by service, configuration and revision", async () => {
  const held: (() => void)[] = []
  await using app = await startApp((request, response) => {
    if (request.url === "/held") held.push(() => response.end())
    else response.end("ok")
  })
  await using stage = await startStage((cluster) => {
    cluster.route("app", { "app-1": 100 })
    const labels = { "serving.knative.dev/service": "shop", "serving.knative.dev/configuration": "shop-config" }
    cluster.put("configmaps", {
      metadata: { name: "config-observability", namespace: "knative-serving" },
      data: { "request-metrics-protocol": "prometheus" },
    })
    const spec = { containerConcurrency: 1, containers: [{ ports: [{ containerPort: app.port }] }] }
    cluster.put("revisions", { metadata: { name: "app-1", labels }, spec })
    cluster.pod("a", "app-1", "127.0.0.1")
  })
  await ask(stage.port, "app.test", { method: "POST", body: "12345" })
  const arrived = new Promise((resolve) => app.server.once("request", resolve))
  const first = ask(stage.port, "app.test", { path: "/held" })
  await arrived
  const leaver = new AbortController()
  const second = ask(stage.port, "app.test", { signal: leaver.signal })
  const metrics = async (): Promise<string> =>
    (await ask(stage.activator.adminAddress.port, "x", { path: "/metrics" })).body
  const labels =
    'k8s_namespace_name="default",kn_service_name="shop",kn_configuration_name="shop-config",kn_revision_name="app-1"'
  const of = `${labels},http_request_method="POST",http_response_status_code="200",network_protocol_name="http",network_protocol_version="1.1",url_scheme="http"`
  let text = await metrics()
  while (!text.includes(`kn_revision_request_queued{${labels}} 1`)) text = await metrics()
  for (const line of [
    `kn_revision_request_concurrency{${labels}} 2`,
    `kn_revision_request_active{${labels}} 1`,
    `kn_serving_queue_depth{${labels}} 2`,
    `kn_serving_invocation_duration_seconds_count{${labels},http_response_status_code="200"} 1`,
    `kn_serving_invocation_duration_seconds_bucket{${labels},http_response_status_code="200",le="+Inf"} 1`,
    `http_server_request_duration_seconds_count{${of}} 1`,
    `http_server_request_body_size_bytes_sum{${of}} 5`,
    `http_server_response_body_size_bytes_sum{${of}} 2`,
    'kn_activator_stats_conn_reachable{peer="autoscaler"} 0',
  ]) {
    expect(text).toContain(line)
  }
  const observability = { name: "config-observability", namespace: "knative-serving" }
  stage.cluster.put("configmaps", { metadata: observability, data: {} })
  while (text.includes("kn_serving")) text = await metrics()
  expect(text).toContain("kn_revision_request_active")
  leaver.abort()
  await expect(second).rejects.toThrow()
  for (const finish of held) finish()
  await first
})

it("is described in the documentation, name by name", async () => {
  const metrics = createMetrics({ process: false })
  await using _stage = await startStage(() => {}, { metrics })
  expect(metrics.all().map(prometheusName).toSorted()).toEqual(documentedMetrics("Activator"))
  const requests = createMetrics({ process: false })
  exposeRequests(requests, () => [])
  expect(requests.all().map(prometheusName).toSorted()).toEqual(documentedMetrics("Requests"))
})

it("sends its figures and those of requests to the collectors that the operators name, from one moment to the next", async () => {
  await using sink = await startOtlpSink()
  await using app = await startApp((_request, response) => response.end("ok"))
  await using stage = await startStage((cluster) => {
    cluster.route("app", { "app-1": 100 })
    cluster.revision("app-1", app.port)
    cluster.pod("a", "app-1", "127.0.0.1")
  })
  stage.cluster.put("configmaps", {
    metadata: { name: "config-observability", namespace: "knative-serving" },
    data: {
      "metrics-protocol": "http/protobuf",
      "metrics-endpoint": sink.httpEndpoint,
      "metrics-export-interval": "100ms",
      "request-metrics-protocol": "grpc",
      "request-metrics-endpoint": sink.grpcEndpoint,
      "request-metrics-export-interval": "100ms",
    },
  })
  const sent = (name: string): boolean =>
    sink.received.some(({ signal, message }) => signal === "metrics" && message.includes(name))
  await sink.until(() => sent("kn.revision.request.concurrency"))
  await ask(stage.port, "app.test")
  await sink.until(() => sent("kn.serving.invocation.duration"))
  const mixed = sink.received.filter(
    ({ message }) => message.includes("kn.serving.") && message.includes("kn.activator."),
  )
  expect(mixed).toEqual([])
  const { body } = await ask(stage.activator.adminAddress.port, "x", { path: "/metrics" })
  expect(body).not.toContain("kn_serving_invocation")
})
