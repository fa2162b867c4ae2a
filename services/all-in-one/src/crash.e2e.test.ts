import { Pod } from "@wick/sdk/api/core/pod"
import { Service } from "@wick/sdk/api/serving/service"
import { afterAll, beforeAll, expect, it } from "vitest"
import { steady } from "./testing/burst.ts"
import { buildTestImages } from "./testing/images.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

let wick: TestPlatform
const host = "enduring.default.wick.localhost"

beforeAll(async () => {
  wick = await startTestPlatform()
  await buildTestImages(wick.registry)
  const deployed = await wick.wick(
    "deploy",
    "enduring",
    "--image",
    `${wick.registry}/echo`,
    "--scale",
    "1..5",
    "--target",
    "2",
  )
  expect(deployed.code).toBe(0)
})

afterAll(() => wick?.[Symbol.asyncDispose]())

/** Container ids of the function's running pods. */
async function containers(): Promise<string[]> {
  const labelSelector = "serving.knative.dev/service=enduring"
  const { items } = await wick.client.list(Pod, { namespace: "default", labelSelector })
  return items
    .flatMap(({ status }) => status?.containerStatuses?.map(({ containerID }) => containerID ?? "") ?? [])
    .toSorted()
}

it("running functions go on answering while the control process is dead, and it comes back with everything", async () => {
  await until("a container", async () => (await containers()).length === 1)
  const before = { containers: await containers(), services: (await wick.client.list(Service)).items.length }
  const ended = new AbortController()
  const traffic = steady(1, () => wick.call(host), ended.signal)
  process.kill(wick.pid(), "SIGKILL")
  for (let i = 0; i < 20; i++) expect((await wick.call(host)).status).toBe(200)
  await wick.restart()
  expect((await wick.client.list(Service)).items.length).toBe(before.services)
  expect(await containers()).toEqual(before.containers)
  ended.abort()
  expect(Object.keys((await traffic).byStatus)).toEqual(["200"])
  expect((await traffic).lost).toEqual([])
})

it("goes on scaling after it came back", async () => {
  const ended = new AbortController()
  const traffic = steady(8, () => wick.call(host, { path: "/?delay=100" }), ended.signal)
  await until("more than one container", async () => (await containers()).length > 1)
  ended.abort()
  expect(Object.keys((await traffic).byStatus)).toEqual(["200"])
})

it("replaces an activator that was killed", async () => {
  const { readFileSync } = await import("node:fs")
  const pidFile = `${wick.home}/run/activator-0.pid`
  const { pid } = JSON.parse(readFileSync(pidFile, "utf8")) as { pid: number }
  process.kill(pid, "SIGKILL")
  await until("an answer from its replacement", async () => {
    const answer = await wick.call(host).catch(() => undefined)
    return answer?.status === 200
  })
})
