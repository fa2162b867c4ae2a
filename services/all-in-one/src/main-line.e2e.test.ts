import { Pod } from "@wick/sdk/api/core/pod"
import { Service } from "@wick/sdk/api/serving/service"
import { type OtlpSink, startOtlpSink } from "@wick/sdk/otlp/testing"
import { spansOf, type ToldSpan } from "@wick/sdk/tracing/testing"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { burst, steady } from "./testing/burst.ts"
import { buildTestImages } from "./testing/images.ts"
import { leftovers } from "./testing/leftovers.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

let wick: TestPlatform
let sink: OtlpSink

beforeAll(async () => {
  sink = await startOtlpSink()
  wick = await startTestPlatform(["--tracing-endpoint", sink.httpEndpoint])
  await buildTestImages(wick.registry)
  await Promise.all([quickScaling(wick), traceRequests(wick)])
})

afterAll(async () => {
  await wick?.[Symbol.asyncDispose]()
  await sink?.[Symbol.asyncDispose]()
})

const host = (name: string): string => `${name}.default.wick.localhost`
const image = (name: string): string => `${wick.registry}/${name}`
const call = (name: string, path = "/"): ReturnType<TestPlatform["call"]> => wick.call(host(name), { path })

/** Windows of seconds instead of minutes, so that a test sees a function go to zero. */
async function quickScaling({ client }: TestPlatform): Promise<void> {
  const { ConfigMap } = await import("@wick/sdk/api/core/config-map")
  const data = { "stable-window": "6s", "scale-to-zero-grace-period": "1s" }
  const reference = { name: "config-autoscaler", namespace: "knative-serving" }
  await client.patch(ConfigMap, reference, { type: "merge", body: { data } })
}

/** The platform tells the test's collector of requests that are traced already, and of hardly any other. */
async function traceRequests({ client }: TestPlatform): Promise<void> {
  const { ConfigMap } = await import("@wick/sdk/api/core/config-map")
  const where = { "tracing-protocol": "http/protobuf", "tracing-endpoint": sink.httpEndpoint }
  const data = { ...where, "tracing-sampling-rate": "0.000000001" }
  const reference = { name: "config-observability", namespace: "knative-serving" }
  await client.patch(ConfigMap, reference, { type: "merge", body: { data } })
}

async function deploy(name: string, ...flags: string[]): Promise<void> {
  const result = await wick.wick("deploy", name, "--image", image("echo"), ...flags)
  expect(result.stderr + result.stdout).toContain(`http://${host(name)}`)
  expect(result.code).toBe(0)
}

async function pods(name: string): Promise<Pod[]> {
  const labelSelector = `serving.knative.dev/service=${name}`
  return (await wick.client.list(Pod, { namespace: "default", labelSelector })).items
}

async function atZero(name: string): Promise<void> {
  await until(`${name} at zero`, async () => (await pods(name)).length === 0)
}

async function revisions(name: string): Promise<string[]> {
  const { stdout } = await wick.wick("revisions", name, "-o", "name")
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split("/")[1] ?? "")
    .toSorted()
}

describe("from zero", () => {
  it("answers a request to a function of which nothing runs, and nothing runs again after the idle window", async () => {
    await deploy("zero")
    expect((await call("zero")).status).toBe(200)
    expect((await pods("zero")).length).toBe(1)
    await atZero("zero")
  })

  it("tells a start from zero as one trace, from the gateway by autoscaler, controllers and scheduler to the kubelet", async () => {
    const traceId = "0af7651916cd43dd8448eb211c80319c"
    const headers = { traceparent: `00-${traceId}-b7ad6b7169203331-01` }
    expect((await wick.call(host("zero"), { headers })).status).toBe(200)
    const told = () => spansOf(sink).filter((span) => span.traceId === traceId)
    const gateway = "activator GET"
    const scheduled = [
      gateway,
      "activator throttler_try",
      "autoscaler kn.autoscaler.scale",
      "kube-controller-manager scale Deployment",
      "kube-controller-manager create Pods",
      "kube-scheduler Scheduling",
    ]
    const pod = [...scheduled, "kubelet syncPod"]
    const steps = ["MountVolumes", "RunPodSandbox", "EnsureImageExists", "CreateContainer", "StartContainer", "probe"]
    const all = [
      ...scheduled.map((_, index) => scheduled.slice(0, index + 1)),
      [gateway, "activator activator_proxy"],
      pod,
      ...steps.map((step) => [...pod, `kubelet ${step}`]),
    ]
    await sink.until(() => told().length >= all.length)
    const spans = new Map(told().map((span) => [span.spanId, span]))
    const path = (span: ToldSpan): string => {
      const parent = spans.get(span.parentId)
      const own = `${span.service} ${span.name}`
      return parent ? `${path(parent)} > ${own}` : own
    }
    expect(told().map(path).sort()).toEqual(all.map((parts) => parts.join(" > ")).sort())
    for (const span of told()) {
      const parent = spans.get(span.parentId)
      expect(span.endMs).toBeGreaterThanOrEqual(span.startMs)
      // Activators have a clock of their own process, which tells whole milliseconds at first.
      if (parent) expect(span.startMs, span.name).toBeGreaterThan(parent.startMs - 3)
      else expect(span.parentId).toBe("b7ad6b7169203331")
    }
  })

  it("times that start in phases, which together are as long as it was", async () => {
    const phases = await coldPhases("zero")
    for (const phase of ["queued", "decided", "scheduled", "sandbox", "first_probe", "first_byte"]) {
      expect(phases.get(phase), phase).toBeGreaterThan(0)
    }
    const sum = phases.values().reduce((all, seconds) => all + seconds, 0)
    expect(sum).toBeCloseTo(await coldWhole("zero"), 6)
  })

  it("answers each of 300 requests sent at once", async () => {
    await deploy("burst")
    await atZero("burst")
    expect(await burst(300, () => call("burst"))).toEqual({ byStatus: { 200: 300 }, lost: [] })
  })
})

describe("under load", () => {
  it("scales out for 50 callers of a 100 ms function, through a rollout, and in again, and fails no request", async () => {
    await deploy("load", "--target", "5", "--env", "DELAY_MS=100")
    const ended = new AbortController()
    const traffic = steady(50, () => call("load"), ended.signal)
    await until("ten pods", async () => (await pods("load")).length >= 10)
    await deploy("load", "--target", "5", "--env", "DELAY_MS=100", "--env", "VERSION=2")
    await until("the new revision answers alone", async () => (await call("load")).body.includes('"version":"2"'))
    ended.abort()
    const light = new AbortController()
    const trickle = steady(1, () => call("load"), light.signal)
    await until("scaled in", async () => (await pods("load")).length <= 2)
    light.abort()
    expect(await traffic).toMatchObject({ byStatus: { 200: expect.any(Number) }, lost: [] })
    expect(Object.keys((await traffic).byStatus)).toEqual(["200"])
    expect(Object.keys((await trickle).byStatus)).toEqual(["200"])
  })
})

describe("traffic", () => {
  it("is split 80 to 20 between two revisions, and a tag reaches exactly its revision", async () => {
    await deploy("split", "--env", "VERSION=1")
    await deploy("split", "--env", "VERSION=2")
    const [first = "", second = ""] = await revisions("split")
    const changed = await wick.wick("traffic", "split", `${first}=80`, `${second}=20`, "--tag", `${first}=stable`)
    expect(changed.stderr).toContain("traffic changed")
    const answers = await Promise.all(Array.from({ length: 40 }, () => repeat(50, () => call("split"))))
    const share = answers.flat().filter(({ body }) => body.includes('"version":"2"')).length / 2_000
    expect(share).toBeGreaterThan(0.17)
    expect(share).toBeLessThan(0.23)
    const tagged = await repeat(20, () => wick.call(`stable-${host("split")}`))
    expect(new Set(tagged.map(({ body }) => JSON.parse(body).version))).toEqual(new Set(["1"]))
  })

  it("never goes to a bad new revision, and the service says why", async () => {
    await deploy("steadfast", "--env", "VERSION=1")
    const bad = await wick.wick("deploy", "steadfast", "--image", image("no-such-image"), "--wait-timeout", "60s")
    expect(bad.code).not.toBe(0)
    expect(bad.stderr).toMatch(/RevisionFailed|RevisionMissing/)
    expect(bad.stderr).toContain("no-such-image")
    expect((await call("steadfast")).body).toContain('"version":"1"')
  })
})

describe("after a deletion", () => {
  it("no object, container, snapshot, network namespace, address or rule of the function is left", async () => {
    await until("nothing else runs", async () => (await wick.client.list(Pod)).items.length === 0)
    const before = await leftovers(wick, "gone")
    await deploy("gone")
    expect((await call("gone")).status).toBe(200)
    expect((await wick.wick("delete", "gone")).stdout).toContain("service/gone deleted")
    await until("nothing is left", async () => {
      const after = await leftovers(wick, "gone")
      return JSON.stringify(after) === JSON.stringify(before)
    }).catch(async () => expect(await leftovers(wick, "gone")).toEqual(before))
    const { items } = await wick.client.list(Service, { namespace: "default" })
    expect(items.map(({ metadata }) => metadata.name)).not.toContain("gone")
    expect((await call("gone")).status).toBe(404)
  })
})

/** Seconds that the starts of a function from zero have spent in each phase. */
async function coldPhases(name: string): Promise<Map<string, number>> {
  const lines = await coldLines("cold_start_seconds_sum", name)
  return new Map(lines.map((line) => [/phase="(\w+)"/.exec(line)?.[1] ?? "", Number(line.split(" ").at(-1))]))
}

async function coldWhole(name: string): Promise<number> {
  const lines = await coldLines("cold_start_whole_seconds_sum", name)
  return lines.reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0)
}

async function coldLines(family: string, name: string): Promise<string[]> {
  const text = await (await fetch(`http://127.0.0.1:${wick.gatewayPort + 1_000}/metrics`)).text()
  return text.split("\n").filter((line) => line.includes(family) && line.includes(`"${name}-`))
}

async function repeat<T>(times: number, action: () => Promise<T>): Promise<T[]> {
  const results: T[] = []
  for (let i = 0; i < times; i++) results.push(await action())
  return results
}
