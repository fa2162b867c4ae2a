import { createServer } from "node:http"
import type { AddressInfo } from "node:net"
import { Pod } from "@wick/sdk/api/core/pod"
import { Service } from "@wick/sdk/api/core/service"
import { PodDisruptionBudget } from "@wick/sdk/api/policy/pod-disruption-budget"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startTestApi, type TestApi } from "../testing/start.ts"

let api: TestApi
beforeEach(async () => {
  api = await startTestApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const namespace = "default"
const base = `/api/v1/namespaces/${namespace}`
const json = { "content-type": "application/json" }

const send = (
  method: string,
  path: string,
  body?: unknown,
  headers: Record<string, string> = json,
): Promise<Response> =>
  api.client.request(path, { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) })

async function runningPod(
  name: string,
  labels: Record<string, string> = {},
  containers = [{ name: "app", image: "a:1" }],
) {
  await api.client.create(Pod, { metadata: { name, namespace, labels }, spec: { containers, nodeName: "n" } })
  const ready = [{ type: "Ready", status: "True" }]
  const body = { status: { phase: "Running", podIP: "127.0.0.1", conditions: ready } }
  return api.client.patch(Pod, { name, namespace }, { type: "merge", body }, { subresource: "status" })
}

describe("an eviction", () => {
  const evict = (name: string) =>
    send("POST", `${base}/pods/${name}/eviction`, { apiVersion: "policy/v1", kind: "Eviction", metadata: { name } })
  const budget = async (status?: object) => {
    const spec = { minAvailable: 1, selector: { matchLabels: { app: "web" } } }
    await api.client.create(PodDisruptionBudget, { metadata: { name: "web", namespace }, spec })
    if (!status) return
    await api.client.patch(
      PodDisruptionBudget,
      { name: "web", namespace },
      { type: "merge", body: { status } },
      { subresource: "status" },
    )
  }

  it("takes one disruption from the pod's budget, and is refused when none is left", async () => {
    await runningPod("one", { app: "web" })
    await runningPod("two", { app: "web" })
    await budget({
      observedGeneration: 1,
      disruptionsAllowed: 1,
      currentHealthy: 2,
      desiredHealthy: 1,
      expectedPods: 2,
    })
    expect((await evict("one")).status).toBe(201)
    const { status } = await api.client.get(PodDisruptionBudget, { name: "web", namespace })
    expect(status).toMatchObject({ disruptionsAllowed: 0, disruptedPods: { one: expect.any(String) } })
    await expect(evict("two")).rejects.toMatchObject({
      code: 429,
      message: "Cannot evict pod as it would violate the pod's disruption budget.",
      details: { causes: [{ message: "The disruption budget web needs 1 healthy pods and has 2 currently" }] },
    })
    expect((await api.client.get(Pod, { name: "two", namespace })).metadata.deletionTimestamp).toBeUndefined()
  })

  it("waits for a budget that nobody has counted, and needs none for a pod that no budget covers", async () => {
    await runningPod("one", { app: "web" })
    await runningPod("free")
    await budget()
    await expect(evict("one")).rejects.toMatchObject({ code: 429, details: { retryAfterSeconds: 10 } })
    expect((await evict("free")).status).toBe(201)
  })
})

describe("the proxy of a pod or a service", () => {
  it("passes the request on as it is, and the answer back", async () => {
    const server = createServer(async (request, response) => {
      let body = ""
      for await (const chunk of request) body += chunk
      const { method, url, headers } = request
      response.writeHead(207, { "x-answer": "yes", "content-type": "application/json" })
      response.end(JSON.stringify({ method, url, body, authorization: headers.authorization, own: headers["x-own"] }))
    })
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
    const { port } = server.address() as AddressInfo
    await runningPod("web")
    const path = `${base}/pods/http:web:${port}/proxy/a%2Fb//c/?q=1&q=2`
    const headers = { "x-own": "1", authorization: "Bearer secret" }
    const answer = await send("PUT", path, { n: 1 }, headers)
    expect([answer.status, answer.headers.get("x-answer")]).toEqual([207, "yes"])
    expect(await answer.json()).toEqual({ method: "PUT", url: "/a%2Fb//c/?q=1&q=2", body: '{"n":1}', own: "1" })
    server.closeAllConnections()
    await new Promise((resolve) => server.close(resolve))
    await expect(send("GET", path)).rejects.toThrow("error trying to reach service")
  })

  it("says which port it does not know", async () => {
    await runningPod("web")
    await api.client.create(Service, {
      metadata: { name: "web", namespace },
      spec: { ports: [{ name: "http", port: 80 }] },
    })
    await expect(send("GET", `${base}/services/web:admin/proxy/`)).rejects.toThrow(
      'no port "admin" found for service "web"',
    )
    await expect(send("GET", `${base}/pods/ftp:web:1/proxy/`)).rejects.toThrow("want [http:|https:]NAME[:PORT]")
  })
})

describe("logs that a kubelet does not have", () => {
  it.each([
    ["its own words", "container not found"],
    ["a Status", JSON.stringify({ kind: "Status", message: "container not found", reason: "BadRequest", code: 400 })],
  ])("are refused in the kubelet's words, whether it says %s", async (_, body) => {
    const fetch = async (): Promise<Response> => new Response(body, { status: 400 })
    await using other = await startTestApi({ nodeProxy: () => ({ fetch, upgrade: () => {} }) })
    await other.client.create(Pod, {
      metadata: { name: "p", namespace },
      spec: { containers: [{ name: "app", image: "a:1" }], nodeName: "n" },
    })
    const asked = other.client.request(`${base}/pods/p/log`)
    await expect(asked).rejects.toMatchObject({ message: "container not found", reason: "BadRequest", code: 400 })
  })
})
