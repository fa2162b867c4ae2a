import { expect, it } from "vitest"
import { ask, startApp, startStage } from "../testing/stage.ts"

it("names the figures of requests as Knative does, by service, configuration and revision", async () => {
  const held: (() => void)[] = []
  await using app = await startApp((request, response) => {
    if (request.url === "/held") held.push(() => response.end())
    else response.end()
  })
  await using stage = await startStage((cluster) => {
    cluster.route("app", { "app-1": 100 })
    const labels = { "serving.knative.dev/service": "shop", "serving.knative.dev/configuration": "shop-config" }
    const spec = { containerConcurrency: 1, containers: [{ ports: [{ containerPort: app.port }] }] }
    cluster.put("revisions", { metadata: { name: "app-1", labels }, spec })
    cluster.pod("a", "app-1", "127.0.0.1")
  })
  await ask(stage.port, "app.test")
  const arrived = new Promise((resolve) => app.server.once("request", resolve))
  const first = ask(stage.port, "app.test", { path: "/held" })
  await arrived
  const leaver = new AbortController()
  const second = ask(stage.port, "app.test", { signal: leaver.signal })
  const metrics = async (): Promise<string> =>
    (await ask(stage.activator.adminAddress.port, "x", { path: "/metrics" })).body
  const labels =
    'k8s_namespace_name="default",kn_service_name="shop",kn_configuration_name="shop-config",kn_revision_name="app-1"'
  let text = await metrics()
  while (!text.includes(`kn_revision_request_queued{${labels}} 1`)) text = await metrics()
  for (const line of [
    `kn_revision_request_concurrency{${labels}} 2`,
    `kn_revision_request_active{${labels}} 1`,
    `kn_serving_queue_depth{${labels}} 2`,
    `kn_serving_invocation_duration_seconds_count{${labels}} 1`,
    `kn_serving_invocation_duration_seconds_bucket{${labels},le="+Inf"} 1`,
    'kn_activator_stats_conn_reachable{peer="autoscaler"} 0',
  ]) {
    expect(text).toContain(line)
  }
  leaver.abort()
  await expect(second).rejects.toThrow()
  for (const finish of held) finish()
  await first
})
