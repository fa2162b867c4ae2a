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

it("finds its range of service addresses taken at a start, and moves its services to another, the API's among them", async () => {
  const { readFileSync } = await import("node:fs")
  const { execFileSync } = await import("node:child_process")
  const clusterIp = async (name: string, namespace: string): Promise<string> => {
    const { stdout } = await wick.kubectl("get", "service", name, "-n", namespace, "-o", "jsonpath={.spec.clusterIP}")
    return stdout
  }
  const ranges = () => JSON.parse(readFileSync(`${wick.home}/network/ranges.json`, "utf8")) as { services: string }
  const before = { range: ranges().services, gateway: await clusterIp("wick-gateway", "knative-serving") }
  await wick.stop()
  const link = `taken${process.pid % 100_000}`
  const ip = (...args: string[]): void => void execFileSync("ip", args)
  ip("link", "add", link, "type", "bridge")
  try {
    ip("address", "add", before.range.replace(/\.0\/(\d+)$/, ".77/$1"), "dev", link)
    ip("link", "set", link, "up")
    await wick.restart()
  } finally {
    ip("link", "delete", link)
  }
  const now = ranges().services
  expect(now).not.toBe(before.range)
  const within = now.replace(/\d+\.\d+\/\d+$/, "")
  expect(await clusterIp("wick-gateway", "knative-serving")).toContain(within)
  expect(await clusterIp("kubernetes", "default")).toBe(`${within}0.1`)
  const told = await wick.kubectl("get", "events", "-n", "knative-serving", "-o", "jsonpath={.items[*].message}")
  expect(told.stdout).toContain(`Cluster IP [IPv4]:${before.gateway} is not within the Service CIDR ${now}`)
  // What a pod finds: the API at the address that its environment says, and the gateway behind the function's name.
  const program = `const told = (name) => (answer) => { console.log(name, answer.statusCode); answer.resume() }
    const ca = require("fs").readFileSync("/var/run/secrets/kubernetes.io/serviceaccount/ca.crt")
    const host = process.env.KUBERNETES_SERVICE_HOST
    require("https").get({ host, path: "/version", ca, agent: false }, told("api"))
    require("http").get("http://enduring.default.svc.cluster.local", { agent: false }, told("function"))`
  const command = ["--restart=Never", "--command", "--", "/usr/local/bin/node", "-e", program]
  await wick.kubectl("run", "asks", "--image", `${wick.registry}/echo`, ...command)
  await wick.kubectl("wait", "--for=jsonpath={.status.phase}=Succeeded", "pod/asks", "--timeout=60s")
  const lines = async () => (await wick.kubectl("logs", "asks")).stdout.trim().split("\n").toSorted()
  await expect.poll(lines).toEqual(["api 200", "function 200"])
})
