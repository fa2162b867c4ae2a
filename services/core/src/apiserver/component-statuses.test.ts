import { afterEach, beforeEach, describe, expect, it } from "vitest"
import { componentStatuses } from "./component-statuses.ts"
import { startTestApi, type TestApi } from "./testing/start.ts"

let api: TestApi
beforeEach(async () => {
  api = await startTestApi()
})
afterEach(() => api[Symbol.asyncDispose]())

const master = { name: "admin", groups: ["system:masters"] }
const path = "/api/v1/componentstatuses"
async function send(method: string, where: string, accept = "application/json"): Promise<Response> {
  const headers = { accept, "content-type": "application/json" }
  const body = method === "GET" ? null : "{}"
  return api.server.handle(new Request(`http://x${where}`, { method, headers, body }), master)
}

describe("component statuses", () => {
  it("tell what the health checks tell", () => {
    const checks = [
      { name: "a", isWell: () => true },
      { name: "b", isWell: () => false },
    ]
    expect(componentStatuses(checks)).toMatchObject([
      { metadata: { name: "a" }, conditions: [{ type: "Healthy", status: "True", message: "ok" }] },
      { metadata: { name: "b" }, conditions: [{ type: "Healthy", status: "False", error: "the check b failed" }] },
    ])
  })

  it("are listed, got, selected and tabled", async () => {
    const list = (await (await send("GET", path)).json()) as { kind: string; items: { metadata: { name: string } }[] }
    expect(list).toMatchObject({ kind: "ComponentStatusList", items: [{ metadata: { name: "ping" } }, {}] })
    expect(await (await send("GET", `${path}/ping`)).json()).toMatchObject({ kind: "ComponentStatus" })
    const one = await send("GET", `${path}?fieldSelector=metadata.name%3Dping`)
    expect(((await one.json()) as { items: object[] }).items).toHaveLength(1)
    const table = await send("GET", path, "application/json;as=Table;v=v1;g=meta.k8s.io")
    expect(await table.json()).toMatchObject({ rows: [{ cells: ["ping", "Healthy", "ok", ""] }, {}] })
    expect((await send("GET", `${path}/other`)).status).toBe(404)
  })

  it("are only read", async () => {
    expect((await send("POST", path)).status).toBe(405)
    expect((await send("DELETE", `${path}/ping`)).status).toBe(405)
    const resources = (await (await send("GET", "/api/v1")).json()) as {
      resources: { name: string; verbs: string[] }[]
    }
    expect(resources.resources.find(({ name }) => name === "componentstatuses")?.verbs).toEqual(["get", "list"])
  })
})
