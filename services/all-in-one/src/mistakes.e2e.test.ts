import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Configuration } from "@wick/sdk/api/serving/configuration"
import { Service } from "@wick/sdk/api/serving/service"
import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { buildTestImages } from "./testing/images.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

let wick: TestPlatform

beforeAll(async () => {
  wick = await startTestPlatform()
  await buildTestImages(wick.registry)
})

afterAll(() => wick?.[Symbol.asyncDispose]())

const echo = (): string => `${wick.registry}/echo`

function manifest(spec: unknown, name = "wrong"): string {
  const path = join(scratchDirectory("manifest"), "service.json")
  writeFileSync(
    path,
    JSON.stringify({ apiVersion: "serving.knative.dev/v1", kind: "Service", metadata: { name }, spec }),
  )
  return path
}

async function nothingMade(name: string): Promise<void> {
  const services = await wick.client.list(Service, { namespace: "default" })
  const configurations = await wick.client.list(Configuration, { namespace: "default" })
  const names = [...services.items, ...configurations.items].map(({ metadata }) => metadata.name)
  expect(names).not.toContain(name)
}

describe.concurrent("a function that cannot run says exactly why, in deploy, as a condition and in describe", () => {
  interface Row {
    name: string
    flags: () => string[]
    wait: string
    reason: RegExp
    /** 1: it was refused; 3: it was not ready in time. */
    code: number
  }
  it.each<Row>([
    {
      name: "no-image",
      flags: () => ["--image", `${wick.registry}/none`],
      wait: "60s",
      reason: /none.*(404|not found|MANIFEST_UNKNOWN)/i,
      code: 1,
    },
    {
      name: "crashing",
      flags: () => ["--image", echo(), "--env", "CRASH=3"],
      wait: "60s",
      reason: /ExitCode3|exit code 3|crashing on purpose/i,
      code: 1,
    },
    {
      name: "unready",
      flags: () => ["--image", echo(), "--env", "LISTEN=9999"],
      wait: "10s",
      reason: /probe|refused|not ready/i,
      code: 3,
    },
  ])("$name", async ({ name, flags, wait, reason, code }) => {
    const deployed = await wick.wick("deploy", name, ...flags(), "--wait-timeout", wait)
    expect(deployed.code).toBe(code)
    expect(deployed.stderr).toMatch(reason)
    expect(deployed.stderr).not.toContain("OutOfDate")
    const service = await wick.client.get(Service, { name, namespace: "default" })
    const ready = service.status?.conditions?.find(({ type }) => type === "Ready")
    expect(ready?.status).not.toBe("True")
    // What is not ready in time need not have come so far that anybody knows why.
    const told = async (say: () => Promise<{ stdout: string }>) => reason.test((await say()).stdout)
    await until("kubectl to say why", () => told(() => wick.kubectl("describe", "ksvc", name)))
    await until("wick to say why", () => told(() => wick.wick("describe", name)))
    await wick.wick("delete", name)
  })
})

it("a wait tells what pods wait for, and so does the service while nothing is decided", async () => {
  const flags = ["--image", echo(), "--mount", "/etc/unmounted=cm:nothing", "--wait-timeout", "8s"]
  const { code, stderr } = await wick.wick("deploy", "unmounted", ...flags)
  expect(code).toBe(3)
  expect(stderr).toMatch(/was not ready after 8.0 s; it was last: FailedMount: .*configmap "nothing" not found/)
  const { status } = await wick.client.get(Service, { name: "unmounted", namespace: "default" })
  expect(status?.conditions?.find(({ type }) => type === "Ready")).toMatchObject({
    status: "Unknown",
    reason: "FailedMount",
    message: expect.stringContaining('configmap "nothing" not found'),
  })
  await wick.wick("delete", "unmounted")
})

describe.concurrent("a function that crashes again and again", () => {
  it("tells its callers so within a second instead of holding them, and answers again when it runs", async () => {
    const host = "fragile.default.wick.localhost"
    const call = (path = "/") => wick.call(host, { path })
    expect((await wick.wick("deploy", "fragile", "--image", echo(), "--scale", "1..1")).code).toBe(0)
    let answer = await call("/?exit=3")
    expect(answer.status).toBe(502)
    // It may be restarted without a pause the first time.
    await until("callers are told within a second", async () => {
      const sentAt = performance.now()
      answer = await call("/?exit=3")
      return answer.status === 503 && performance.now() - sentAt < 1_000
    })
    expect(answer.body).toMatch(
      /fragile-00001 cannot serve: container user-container: CrashLoopBackOff \(exit code 3\)/,
    )
    expect(answer.headers["retry-after"]).toBe("10")
    await until("it answers", async () => (await call()).status === 200)
    await wick.wick("delete", "fragile")
  })
})

describe("a spec that is wrong is refused whole", () => {
  it("names all five mistakes at once, each with its field", async () => {
    const container = { image: "Not An Image", ports: [{ containerPort: 8012 }], env: [{ name: "PORT", value: "1" }] }
    const path = manifest({
      template: {
        metadata: { annotations: { "autoscaling.knative.dev/min-scale": "many" } },
        spec: { containerConcurrency: -1, timeoutSeconds: 100_000, containers: [container] },
      },
    })
    const { code, stderr } = await wick.wick("deploy", "-f", path)
    expect(code).toBe(1)
    for (const field of ["image", "ports", "env", "min-scale", "containerConcurrency", "timeoutSeconds"]) {
      expect(stderr).toContain(field)
    }
    await nothingMade("wrong")
  })

  it("says what percentages sum to", async () => {
    const path = manifest({
      template: { spec: { containers: [{ image: echo() }] } },
      traffic: [{ latestRevision: true, percent: 90 }],
    })
    const { code, stderr } = await wick.wick("deploy", "-f", path)
    expect(code).toBe(1)
    expect(stderr).toContain("Traffic targets sum to 90, want 100")
    await nothingMade("wrong")
  })

  it("names an unknown field", async () => {
    const path = manifest({ template: { spec: { containers: [{ image: echo(), imagePullPolice: "Always" }] } } })
    const { code, stderr } = await wick.wick("deploy", "-f", path)
    expect(code).toBe(1)
    expect(stderr).toContain('unknown field "spec.template.spec.containers[0].imagePullPolice"')
    await nothingMade("wrong")
  })

  it("refuses traffic for a revision that is not there, and leaves it where it goes", async () => {
    expect((await wick.wick("deploy", "routed", "--image", echo(), "--no-wait")).code).toBe(0)
    const { code, stderr } = await wick.wick("traffic", "routed", "routed-00009=100")
    expect(code).toBe(4)
    expect(stderr).toContain("routed has no revision routed-00009")
    const { spec } = await wick.client.get(Service, { name: "routed", namespace: "default" })
    expect(spec.traffic).toEqual([{ latestRevision: true, percent: 100 }])
    await wick.wick("delete", "routed")
  })

  it("refuses an object of 10 MB with its limit", async () => {
    const env = [{ name: "BIG", value: "x".repeat(10 * 1024 * 1024) }]
    const path = manifest({ template: { spec: { containers: [{ image: echo(), env }] } } })
    const { code, stderr } = await wick.wick("deploy", "-f", path)
    expect(code).toBe(1)
    expect(stderr).toMatch(/too large/i)
    await nothingMade("wrong")
  })

  it("says that a name is in use", async () => {
    const path = manifest({ template: { spec: { containers: [{ image: echo() }] } } }, "taken")
    expect((await wick.kubectl("create", "-f", path)).code).toBe(0)
    const again = await wick.kubectl("create", "-f", path)
    expect(again.stderr).toContain('services.serving.knative.dev "taken" already exists')
    await wick.wick("delete", "taken", "--no-wait")
  })
})

describe("what reaches the node is for the operators to permit", () => {
  const onNode = () => ({ template: { spec: { hostNetwork: true, containers: [{ image: echo() }] } } })
  const features = { name: "config-features", namespace: "knative-serving" }
  const set = (data: object) => wick.client.patch(ConfigMap, features, { type: "merge", body: { data } })

  it("is refused as the platform comes, and taken once the flag says so", async () => {
    const path = manifest(onNode(), "on-node")
    const refused = await wick.kubectl("apply", "-f", path)
    expect(refused.stderr).toContain("must not set the field(s): spec.template.spec.hostNetwork")
    await nothingMade("on-node")
    await set({ "kubernetes.podspec-hostnetwork": "enabled" })
    await expect.poll(async () => (await wick.kubectl("apply", "--dry-run=server", "-f", path)).code).toBe(0)
    await set({ "kubernetes.podspec-hostnetwork": null })
  })

  it("is told by a dry run what would come of its pods", async () => {
    await wick.kubectl("create", "namespace", "strict")
    await wick.kubectl("label", "namespace", "strict", "pod-security.kubernetes.io/enforce=restricted")
    const path = manifest({ template: { spec: { containers: [{ image: echo() }] } } }, "open")
    const { stderr, code } = await wick.kubectl("apply", "-n", "strict", "--dry-run=server", "-f", path)
    expect(code).toBe(1)
    expect(stderr).toContain("validation callback failed: dry run failed with ")
    expect(stderr).toContain('violates PodSecurity "restricted:latest"')
    await wick.kubectl("delete", "namespace", "strict")
  })

  it("is told of what is left open", async () => {
    const path = manifest({ template: { spec: { containers: [{ image: echo() }] } } }, "open")
    const { stderr, code } = await wick.kubectl("apply", "--dry-run=server", "-f", path)
    expect(code).toBe(0)
    expect(stderr).toMatch(/Warning: Kubernetes default value is insecure.*capabilities/)
  })
})

describe("a setting of the operators", () => {
  const edit = (name: string, data: object) =>
    wick.kubectl("patch", "configmap", name, "-n", "knative-serving", "--type=merge", "-p", JSON.stringify({ data }))

  it("that cannot be read is refused with what is wrong with it", async () => {
    const { code, stderr } = await edit("config-autoscaler", { "stable-window": "1s" })
    expect(code).toBe(1)
    expect(stderr).toContain(
      'admission webhook "config.webhook.serving.knative.dev" denied the request: validation failed: ',
    )
    expect(stderr).toContain("stable-window = 1s, must be in [6s; 1h0m0s] range")
  })

  it("in the example instead of beside it is refused", async () => {
    const { stderr } = await edit("config-gc", { _example: 'min-non-active-revisions: "1"' })
    expect(stderr).toContain('the update modifies a key in "_example" which is probably not what you want')
  })

  it("that can be read is taken", async () => {
    expect((await edit("config-gc", { "min-non-active-revisions": "5" })).code).toBe(0)
    const other = await wick.kubectl(
      "create",
      "configmap",
      "other",
      "-n",
      "knative-serving",
      "--from-literal=stable-window=1s",
    )
    expect(other.code).toBe(0)
  })
})
