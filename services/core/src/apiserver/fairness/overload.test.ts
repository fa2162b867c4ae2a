import type { ClientHttp2Stream } from "node:http2"
import { builtinKinds } from "@wick/sdk/api"
import type { AnyObject } from "@wick/sdk/api/kind"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { afterAll, beforeAll, expect, it } from "vitest"
import type { Pki } from "#pki"
import { createMemoryStorage } from "#store"
import type { AdmissionStep } from "../admission/step.ts"
import { ensureBootstrapObjects } from "../bootstrap/ensure.ts"
import { type ApiServer, createApiServer } from "../create-api-server.ts"
import { openTestPki, startListener, type TestListener, textOf } from "../testing/start-listener.ts"
import { flowControlObjects } from "./bootstrap-objects.ts"

const storage = createMemoryStorage({ clock: systemClock })
/** Writes that are begun, each waiting to be let go: as many as have a seat. */
const held: (() => void)[] = []
const slow: AdmissionStep = {
  name: "slow",
  validate: ({ object }) =>
    object?.metadata.name?.startsWith("noisy-") ? new Promise((resolve) => held.push(resolve)) : undefined,
}
const path = "/api/v1/namespaces/default/configmaps"
const account = (name: string) => ({
  name: `system:serviceaccount:shop:${name}`,
  groups: ["system:serviceaccounts", "system:authenticated"],
})
const master = { name: "admin", groups: ["system:masters"] }
const users: Record<string, typeof master> = {
  noisy: account("noisy"),
  quiet: account("quiet"),
  jo: { name: "jo", groups: ["system:authenticated"] },
  master,
}

let pki: Pki & AsyncDisposable
let server: ApiServer
let listener: TestListener

beforeAll(async () => {
  pki = await openTestPki()
  server = createApiServer({
    storage,
    kinds: builtinKinds,
    virtual: [],
    admission: [slow],
    authorize: () => ({ allowed: true, reason: "" }),
    nodeProxy: () => undefined,
    serviceCidr: "10.235.0.0/16",
    version: "v1.36.0",
    clock: systemClock,
    random: seededRandom(1),
    log: silentLog,
  })
  await server.ready
  await ensureBootstrapObjects(server.fetchAs(master), flowControlObjects().map(withoutBorrowing))
  const fetch: Parameters<typeof startListener>[1]["fetch"] = (request) =>
    server.handle(request, users[request.headers.get("x-who") ?? ""] ?? master)
  listener = await startListener(pki, { fetch })
})
afterAll(async () => {
  await listener[Symbol.asyncDispose]()
  await server[Symbol.asyncDispose]()
  await storage.close()
  await pki[Symbol.asyncDispose]()
})

/** So that the seats of a level are always as many. */
function withoutBorrowing(object: AnyObject): AnyObject {
  if (object.metadata.name !== "workload-low") return object
  const spec = object.spec as { limited: object }
  return { ...object, spec: { ...spec, limited: { ...spec.limited, borrowingLimitPercent: 0 } } }
}

function letGo(count: number): void {
  for (const resolve of held.splice(0, count)) resolve()
}

async function gauge(name: string, level: string): Promise<number> {
  const metrics = await (await server.fetchAs(master)(new Request("https://api/metrics"))).text()
  const line = new RegExp(`^apiserver_flowcontrol_${name}\\{priority_level="${level}".*\\} (\\d+)$`, "m").exec(metrics)
  return Number(line?.[1])
}

/** Looks until it is so: what a client does is seen by the server some rounds of the event loop later. */
async function until(isSo: () => Promise<boolean>): Promise<void> {
  while (!(await isSo())) await new Promise((resolve) => setImmediate(resolve))
}

/** 0 when the stream ends without an answer. */
function status(stream: ClientHttp2Stream): Promise<number> {
  return new Promise((resolve) => {
    stream.once("response", (headers) => resolve(Number(headers[":status"])))
    stream.once("close", () => resolve(0))
    stream.resume()
  })
}

it("a thousand requests of one client starve nobody, and leave nothing behind when it goes", async () => {
  const noisy = listener.http2()
  const others = listener.http2()
  const post = (name: number): ClientHttp2Stream => {
    const stream = noisy.request({
      ":method": "POST",
      ":path": path,
      "x-who": "noisy",
      "content-type": "application/json",
    })
    stream.end(JSON.stringify({ apiVersion: "v1", kind: "ConfigMap", metadata: { name: `noisy-${name}` } }))
    return stream
  }
  const answers = Array.from({ length: 1_000 }, (_, name) => status(post(name)))
  // All that its hand of six queues holds waits; what comes after that is refused.
  await until(async () => (await gauge("current_inqueue_requests", "workload-low")) === 300)
  const seats = await gauge("current_limit_seats", "workload-low")
  await until(async () => held.length === seats)

  expect(await status(others.request({ ":path": path, "x-who": "jo" }))).toBe(200)
  let isAnswered = false
  const quiet = status(others.request({ ":path": `${path}?limit=1`, "x-who": "quiet" })).finally(() => {
    isAnswered = true
  })
  await until(async () => (await gauge("current_inqueue_requests", "workload-low")) === 301)
  let leavers = 0
  while (!isAnswered && leavers < 50) {
    letGo(1)
    leavers += 1
    await until(async () => isAnswered || held.length === seats)
  }
  expect(await quiet).toBe(200)
  expect(leavers).toBeLessThanOrEqual(8)

  noisy.close()
  await until(async () => (await gauge("current_inqueue_requests", "workload-low")) === 0)
  letGo(held.length)
  await until(async () => (await gauge("current_executing_seats", "workload-low")) === 0)
  const refused = (await Promise.all(answers)).filter((code) => code === 429)
  expect(refused.length).toBeGreaterThan(0)
  const wrong = await textOf(others.request({ ":path": "/metrics", "x-who": "master" }))
  expect(wrong).toMatch(
    /rejected_requests_total\{priority_level="workload-low",flow_schema="service-accounts",reason="queue-full"\} \d+/,
  )
  expect(wrong).toMatch(/reason="cancelled"\} 2\d\d\n/)
  others.close()
})
