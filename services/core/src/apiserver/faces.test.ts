import type { AnyObject } from "@wick/sdk/api"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { startTestApi, type TestApi } from "./testing/start.ts"

let api: TestApi
beforeEach(async () => {
  api = await startTestApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const master = { name: "admin", groups: ["system:masters"] }
async function send(method: string, path: string, body?: unknown, type = "application/json"): Promise<AnyObject> {
  const response = await api.server.handle(
    new Request(`http://x${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body), headers: { "content-type": type } }),
    }),
    master,
  )
  return (await response.json()) as AnyObject
}

const autoscalers = (version: string) => `/apis/autoscaling/${version}/namespaces/default/horizontalpodautoscalers`
const coreEvents = "/api/v1/namespaces/default/events"
const newEvents = "/apis/events.k8s.io/v1/namespaces/default/events"
const scaleTargetRef = { kind: "Deployment", name: "web", apiVersion: "apps/v1" }
const cpu = { type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 70 } } }

const autoscaler = {
  metadata: { name: "web" },
  spec: { scaleTargetRef, maxReplicas: 5, targetCPUUtilizationPercentage: 70 },
}

describe("an object with two faces", () => {
  it("is written in one version and read in the other", async () => {
    const made = await send("POST", autoscalers("v1"), autoscaler)
    expect(made).toMatchObject({ apiVersion: "autoscaling/v1", spec: { targetCPUUtilizationPercentage: 70 } })
    expect(await send("GET", `${autoscalers("v2")}/web`)).toMatchObject({
      apiVersion: "autoscaling/v2",
      metadata: { uid: made.metadata.uid },
      spec: { minReplicas: 1, metrics: [cpu] },
    })
  })

  it("is patched, replaced and deleted through either", async () => {
    await send("POST", autoscalers("v2"), { ...autoscaler, spec: { scaleTargetRef, maxReplicas: 5, metrics: [cpu] } })
    const patch = { spec: { targetCPUUtilizationPercentage: 40 } }
    const patched = await send("PATCH", `${autoscalers("v1")}/web`, patch, "application/merge-patch+json")
    expect(patched).toMatchObject({ apiVersion: "autoscaling/v1", spec: patch.spec })
    const stored = await send("GET", `${autoscalers("v2")}/web`)
    expect(stored.spec).toMatchObject({ metrics: [{ resource: { target: { averageUtilization: 40 } } }] })
    const replaced = await send("PUT", `${autoscalers("v1")}/web`, { ...patched, spec: autoscaler.spec })
    expect(replaced).toMatchObject({ spec: { targetCPUUtilizationPercentage: 70 } })
    expect(await send("DELETE", `${autoscalers("v1")}/web`)).toMatchObject({ status: "Success" })
    expect(await send("GET", `${autoscalers("v2")}/web`)).toMatchObject({ reason: "NotFound" })
  })

  it("is refused in the words of the face that it was written in", async () => {
    const wrong = { ...autoscaler, spec: { ...autoscaler.spec, targetCPUUtilizationPercentage: "many" } }
    expect((await send("POST", autoscalers("v1"), wrong)).message).toContain("spec.targetCPUUtilizationPercentage")
  })

  it("is listed and watched under both names", async () => {
    const involvedObject = { kind: "Pod", name: "web", namespace: "default" }
    const event = { metadata: { name: "e" }, involvedObject, reason: "Started", message: "it runs", type: "Normal" }
    const other = { ...event, metadata: { name: "f" }, involvedObject: { ...involvedObject, name: "other" } }
    for (const each of [event, other]) await send("POST", coreEvents, each)
    const list = await send("GET", `${newEvents}?fieldSelector=regarding.name%3Dweb`)
    expect(list).toMatchObject({
      apiVersion: "events.k8s.io/v1",
      items: [{ apiVersion: "events.k8s.io/v1", note: "it runs", regarding: involvedObject, metadata: { name: "e" } }],
    })
    expect(list.items).toHaveLength(1)
    const watch = await api.server.handle(new Request(`http://x${newEvents}?watch=true`), master)
    const reader = watch.body?.getReader()
    const { value } = (await reader?.read()) ?? {}
    expect(JSON.parse(Buffer.from(value ?? []).toString())).toMatchObject({
      type: "ADDED",
      object: { note: "it runs" },
    })
    await reader?.cancel()
  })
})
