import { Pod } from "@wick/sdk/api/core/pod"
import { ResourceQuota } from "@wick/sdk/api/core/resource-quota"
import { Service } from "@wick/sdk/api/core/service"
import type { NewOf } from "@wick/sdk/api/kind"
import { type Client, createClient } from "@wick/sdk/client"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { type SecureTestApi, startSecureTestApi } from "../../testing/start-secure.ts"

const namespace = "default"
let api: SecureTestApi
let client: Client

beforeEach(async () => {
  api = await startSecureTestApi()
  client = createClient({ fetch: api.fetch })
  const account = { metadata: { name: "default" } }
  const body = JSON.stringify(account)
  const headers = { "content-type": "application/json" }
  await client.request("/api/v1/namespaces/default/serviceaccounts", { method: "POST", body, headers })
})
afterEach(() => api[Symbol.asyncDispose]())

type Hard = Record<string, string>

/** A quota of which nothing is used. */
async function bound(hard: Hard, spec: object = {}, name = "q"): Promise<void> {
  const quota = await client.create(ResourceQuota, { metadata: { name, namespace }, spec: { hard, ...spec } })
  const used = Object.fromEntries(Object.keys(hard).map((each) => [each, "0"]))
  await client.updateStatus(ResourceQuota, { ...quota, status: { hard, used } })
}
const used = async (name = "q"): Promise<object | undefined> =>
  (await client.get(ResourceQuota, { name, namespace })).status?.used

function pod(name: string, resources: object = {}, spec: object = {}): NewOf<typeof Pod> {
  return { metadata: { name, namespace }, spec: { containers: [{ name: "c", image: "x", resources }], ...spec } }
}

describe("a quota", () => {
  it("of ten admits exactly ten of fifty that come at once", async () => {
    await bound({ pods: "10" })
    const all = Array.from({ length: 50 }, (_, at) => client.create(Pod, pod(`p${at}`)))
    const results = await Promise.allSettled(all)
    expect(results.filter(({ status }) => status === "fulfilled")).toHaveLength(10)
    expect(await used()).toEqual({ pods: "10" })
    await expect(client.create(Pod, pod("more"))).rejects.toMatchObject({
      reason: "Forbidden",
      message: 'pods "more" is forbidden: exceeded quota: q, requested: pods=1, used: pods=10, limited: pods=10',
    })
  })

  it("adds up what containers ask for, and names only what does not fit", async () => {
    await bound({ "requests.cpu": "1", memory: "1Gi", pods: "9" })
    await client.create(Pod, pod("one", { requests: { cpu: "600m", memory: "256Mi" } }))
    expect(await used()).toEqual({ "requests.cpu": "600m", memory: "256Mi", pods: "1" })
    await expect(client.create(Pod, pod("two", { requests: { cpu: "0.5", memory: "1Mi" } }))).rejects.toThrow(
      "exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=600m, limited: requests.cpu=1",
    )
  })

  it("counts what a running pod is given more", async () => {
    await bound({ "requests.cpu": "1" })
    await client.create(Pod, pod("one", { requests: { cpu: "600m" } }))
    const resize = async (cpu: string): Promise<void> => {
      const body = JSON.stringify({ spec: { containers: [{ name: "c", resources: { requests: { cpu } } }] } })
      const headers = { "content-type": "application/strategic-merge-patch+json" }
      await client.request(`/api/v1/namespaces/${namespace}/pods/one/resize`, { method: "PATCH", body, headers })
    }
    await resize("900m")
    expect(await used()).toEqual({ "requests.cpu": "900m" })
    await expect(resize("1100m")).rejects.toThrow("exceeded quota: q, requested: requests.cpu=200m")
  })

  it("on compute wants every container to say what it takes", async () => {
    await bound({ cpu: "1", "limits.memory": "1Gi" })
    await expect(client.create(Pod, pod("silent"))).rejects.toThrow(
      'pods "silent" is forbidden: failed quota: q: must specify cpu for: c; limits.memory for: c',
    )
  })

  it("is not charged by a dry run, yet refuses one", async () => {
    await bound({ pods: "1" })
    await client.create(Pod, pod("dry"), { dryRun: true })
    expect(await used()).toEqual({ pods: "0" })
    await client.create(Pod, pod("wet"))
    await expect(client.create(Pod, pod("dry"), { dryRun: true })).rejects.toThrow("exceeded quota")
  })

  it.each([
    { scope: "BestEffort", inside: pod("in"), outside: pod("out", { requests: { cpu: "1" } }) },
    { scope: "NotBestEffort", inside: pod("in", { limits: { cpu: "1" } }), outside: pod("out") },
    { scope: "Terminating", inside: pod("in", {}, { activeDeadlineSeconds: 5 }), outside: pod("out") },
    { scope: "NotTerminating", inside: pod("in"), outside: pod("out", {}, { activeDeadlineSeconds: 5 }) },
  ])("with scope $scope counts only such pods", async ({ scope, inside, outside }) => {
    await bound({ pods: "0" }, { scopes: [scope] })
    await client.create(Pod, outside)
    await expect(client.create(Pod, inside)).rejects.toThrow("exceeded quota: q")
  })

  it("selects pods by their priority class", async () => {
    const expression = { scopeName: "PriorityClass", operator: "In", values: ["system-cluster-critical"] }
    await bound({ pods: "0" }, { scopeSelector: { matchExpressions: [expression] } })
    await client.create(Pod, pod("plain"))
    const critical = pod("critical", {}, { priorityClassName: "system-cluster-critical" })
    await expect(client.create(Pod, critical)).rejects.toThrow("exceeded quota: q")
  })

  it("counts objects by name, and the node ports of services also when one changes its type", async () => {
    await bound({ "count/services": "5", services: "5", "services.nodeports": "1", "services.loadbalancers": "0" })
    const plain = await client.create(Service, {
      metadata: { name: "s", namespace },
      spec: { selector: { a: "b" }, ports: [{ name: "a", port: 80 }] },
    })
    expect(await used()).toMatchObject({ "count/services": "1", services: "1", "services.nodeports": "0" })
    const opened = await client.update(Service, { ...plain, spec: { ...plain.spec, type: "NodePort" } })
    expect(await used()).toMatchObject({ services: "1", "services.nodeports": "1" })
    await expect(client.update(Service, { ...opened, spec: { ...opened.spec, type: "LoadBalancer" } })).rejects.toThrow(
      "requested: services.loadbalancers=1, used: services.loadbalancers=0",
    )
  })

  it("whose use is not known yet lets nothing in", async () => {
    await client.create(ResourceQuota, { metadata: { name: "new", namespace }, spec: { hard: { pods: "5" } } })
    await expect(client.create(Pod, pod("early"))).rejects.toThrow("status unknown for quota: new, resources: pods")
  })

  it("that is full keeps another from being charged", async () => {
    await bound({ pods: "5" }, {}, "a-roomy")
    await bound({ "count/pods": "0" }, {}, "b-full")
    await expect(client.create(Pod, pod("p"))).rejects.toThrow("exceeded quota: b-full")
    expect(await used("a-roomy")).toEqual({ pods: "0" })
  })

  it.each([
    { spec: { hard: { pods: "1.5" } }, text: 'spec.hard[pods]: Invalid value: "1.5": must be an integer' },
    { spec: { hard: { cpu: "-1" } }, text: "must be greater than or equal to 0" },
    { spec: { scopes: ["BestEffort", "NotBestEffort"] }, text: "conflicting scopes" },
    { spec: { scopes: ["Nice"] }, text: "unsupported scope" },
  ])("that makes no sense is refused: $text", async ({ spec, text }) => {
    await expect(client.create(ResourceQuota, { metadata: { name: "bad", namespace }, spec })).rejects.toThrow(text)
  })
})
