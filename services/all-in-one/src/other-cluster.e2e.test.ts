import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { Pod } from "@wick/sdk/api/core/pod"
import { Service as CoreService } from "@wick/sdk/api/core/service"
import { systemClock } from "@wick/sdk/clock"
import { type Cluster, clusterOf, declareConformance, pushSpecimen, serving } from "@wick/sdk/conformance"
import { parseKubeconfig } from "@wick/sdk/kubeconfig"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { run } from "./testing/run.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

/**
 * Serving as it is installed on a Kubernetes of one's own: images in a registry, `kubectl apply -k`. The cluster is Wick's
 * orchestrator without its serving; nothing but the Kubernetes API leads from one to the other.
 */
const running = new AsyncDisposableStack()
let cluster: Cluster
let client: TestPlatform["client"]
let metricsApi: () => ReturnType<typeof run>
const root = resolve(import.meta.dirname, "../../..")
const namespace = "knative-serving"
/** One of each matter: the whole suite runs against the embedded one. */
const chosen = /^S(60|62|7[0-4]|81|93|101|110|120|121|124|125|127|148)\b/

beforeAll(async () => {
  const out = mkdtempSync(join(tmpdir(), "wick-k8s-"))
  running.defer(() => rmSync(out, { recursive: true, force: true }))
  const platform = running.use(await startTestPlatform(["--serving=off"]))
  const { kubeconfig, registry, kubectl } = platform
  client = platform.client
  const images = [join(root, "scripts/images.ts"), "--registry", registry, "--out", out, "--custom-metrics"]
  expectDone(await run(process.execPath, images, process.env))
  expectDone(await kubectl("apply", "-k", out))
  for (const name of ["controller", "autoscaler", "activator"]) {
    expectDone(await kubectl("rollout", "status", `deployment/${name}`, "-n", namespace, "--timeout=90s"))
  }
  metricsApi = () => kubectl("get", "--raw", "/apis/custom.metrics.k8s.io/v1beta2")
  // The controller is in a pod, from which this host's loopback is not reached.
  const skip = JSON.stringify({ data: { "registries-skipping-tag-resolving": registry } })
  expectDone(await kubectl("patch", "configmap", "config-deployment", "-n", namespace, "--type=merge", "-p", skip))
  const specimen = await pushSpecimen(registry)
  const { spec } = await client.get(CoreService, { name: "wick-gateway", namespace })
  const functionHost = { gateway: { host: spec.clusterIP ?? "", port: 80 }, specimen }
  const config = parseKubeconfig(readFileSync(kubeconfig, "utf8"))
  cluster = running.use(await clusterOf(config, systemClock, { functionHost }))
}, 300_000)
afterAll(() => running.disposeAsync())

const topic = { ...serving, cases: serving.cases.filter(({ title }) => chosen.test(title)) }
declareConformance({ describe: describe.concurrent, it }, [topic], () => cluster, {
  clock: systemClock,
  offers: ["functions"],
})

it("each service of it started once, and stayed", async () => {
  const { items } = await client.list(Pod, { namespace })
  const starts = items.map(
    ({ metadata, status }) => `${metadata.labels?.app} ${status?.containerStatuses?.map((each) => each.restartCount)}`,
  )
  expect([...new Set(starts)].sort()).toEqual(["activator 0", "autoscaler 0", "controller 0"])
})

it("the API server is told what load there is, by the autoscalers behind a Service", async () => {
  const resources = await until("an autoscaler to answer for custom.metrics.k8s.io", async () => {
    const { code, stdout } = await metricsApi()
    return code === 0 ? stdout : undefined
  })
  expect(JSON.parse(resources).resources.map(({ name }: { name: string }) => name)).toContain("pods/concurrency")
})

function expectDone({ code, stdout, stderr }: Awaited<ReturnType<typeof run>>): void {
  if (code !== 0) throw new Error(`${stdout}\n${stderr}`)
}
