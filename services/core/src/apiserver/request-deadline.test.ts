import { builtinKinds } from "@wick/sdk/api"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { createClient } from "@wick/sdk/client"
import { SimulatedClock, seededRandom } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { createMemoryStorage } from "#store"
import type { AdmissionStep } from "./admission/step.ts"
import { type ApiServer, createApiServer } from "./create-api-server.ts"

const clock = new SimulatedClock()
const user = { name: "jo", groups: ["system:authenticated"] }
const storage = createMemoryStorage({ clock })
/** Deletions that are asked about, each waiting to be let go. */
const held: (() => void)[] = []
/** As slow as a webhook that does not answer. */
const stuck: AdmissionStep = {
  name: "stuck",
  validate: ({ operation, object }) => {
    if (operation === "DELETE") return new Promise((resolve) => held.push(resolve))
    return object?.metadata.name === "stuck" ? new Promise(() => {}) : undefined
  },
}
let server: ApiServer

beforeAll(async () => {
  server = createApiServer({
    storage,
    kinds: builtinKinds,
    virtual: [],
    admission: [stuck],
    authorize: () => ({ allowed: true, reason: "" }),
    nodeProxy: () => undefined,
    serviceCidr: "10.235.0.0/16",
    version: "v1.36.0",
    clock,
    random: seededRandom(1),
    log: silentLog,
  })
  await server.ready
})
afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await storage.close()
})

const create = (query = ""): Promise<Response> => {
  const body = JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: "stuck" } })
  const headers = { "content-type": "application/json" }
  const url = `https://api/api/v1/namespaces/default/configmaps${query}`
  return server.fetchAs(user)(new Request(url, { method: "POST", body, headers }))
}

describe("a request that takes too long", () => {
  it.each([
    ["", 60_000],
    ["?timeout=1m30s", 60_000],
    ["?timeout=0s", 60_000],
    ["?timeout=1.5s", 1_500],
    ["?timeout=250ms", 250],
  ])("is answered as Kubernetes answers it, and gives its seat back (%s after %i ms)", async (query, ms) => {
    let isAnswered = false
    const answer = create(query).finally(() => {
      isAnswered = true
    })
    await clock.advance(ms - 1)
    expect(isAnswered).toBe(false)
    await clock.advance(1)
    expect(isAnswered).toBe(true)
    expect((await answer).status).toBe(504)
    expect(await (await answer).json()).toMatchObject({
      reason: "Timeout",
      message: "Timeout: request did not complete within requested timeout - context deadline exceeded",
    })
    const metrics = await (await server.fetchAs(user)(new Request("https://api/metrics"))).text()
    // The one that asks.
    expect(metrics).toMatch(/current_executing_seats\{priority_level="catch-all",flow_schema="catch-all"\} 1\n/)
  })

  it("has to ask for a time that is one", async () => {
    const answer = await create("?timeout=soon")
    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({
      message: 'invalid timeout specified in the request URL - time: invalid duration "soon"',
    })
  })

  it("is not one that lasts by its nature", async () => {
    const watch = await server.fetchAs(user)(new Request("https://api/api/v1/configmaps?watch=true&timeout=1s"))
    const reader = watch.body?.getReader()
    const first = reader?.read()
    await clock.advance(120_000)
    const client = createClient({ fetch: server.fetchAs(user) })
    await client.create(ConfigMap, { metadata: { name: "seen", namespace: "default" } })
    expect(String(Buffer.from((await first)?.value ?? []))).toContain('"name":"seen"')
    await reader?.cancel()
  })

  it("begins nothing more when it deletes many: some are deleted at a time, and the rest is for who asks again", async () => {
    const client = createClient({ fetch: server.fetchAs(user) })
    for (let at = 0; at < 40; at++) {
      await client.create(ConfigMap, { metadata: { name: `many-${at}`, namespace: "many" } })
    }
    const url = "https://api/api/v1/namespaces/many/configmaps"
    const answer = server.fetchAs(user)(new Request(url, { method: "DELETE" }))
    await clock.advance(59_000)
    expect(held).toHaveLength(32)
    for (const letGo of held.splice(0, 2)) letGo()
    await clock.advance(0)
    expect(held).toHaveLength(32)
    await clock.advance(1_001)
    expect((await answer).status).toBe(504)
    for (const letGo of held.splice(0)) letGo()
    await clock.advance(0)
    expect(held).toHaveLength(0)
    expect((await client.list(ConfigMap, { namespace: "many" })).items).toHaveLength(6)
  })
})
