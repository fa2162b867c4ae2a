import { readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Pod } from "@wick/sdk/api/core/pod"
import { scratchDirectory } from "@wick/sdk/testing/scratch"
import { afterAll, beforeAll, expect, it } from "vitest"
import { talkative } from "./testing/function-source.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

let wick: TestPlatform
const file = join(scratchDirectory("process"), "function.cjs")

beforeAll(async () => {
  writeFileSync(file, talkative)
  wick = await startTestPlatform(["--runtime=process"], "start")
  const body = { data: { "stable-window": "6s", "scale-to-zero-grace-period": "1s" } }
  const reference = { name: "config-autoscaler", namespace: "knative-serving" }
  await wick.client.patch(ConfigMap, reference, { type: "merge", body })
})

afterAll(() => wick?.[Symbol.asyncDispose]())

/** Processes of this machine that run the function's file. */
function processes(): string[] {
  return readdirSync("/proc").filter((entry) => /^\d+$/.test(entry) && commandOf(entry).includes(`\0${file}\0`))
}

function commandOf(pid: string): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, "utf8")
  } catch {
    return ""
  }
}

async function atZero(): Promise<void> {
  await until("no pod", async () => (await wick.client.list(Pod, { namespace: "default" })).items.length === 0)
}

it("the example of npm start runs without an image", async () => {
  const call = () => wick.call("hello.default.wick.localhost")
  await expect.poll(call).toMatchObject({ status: 200, body: "Hello, World!\n" })
  expect(await wick.wick("delete", "hello")).toMatchObject({ code: 0 })
})

it("a function of plain processes is deployed, called, scaled to zero, called again and deleted without a trace", async () => {
  const program = ["--image", "dev.local/fn", "--command", "node", "--arg", file]
  expect(await wick.wick("deploy", "fn", ...program)).toMatchObject({ code: 0 })
  const first = await wick.call("fn.default.wick.localhost")
  expect(first).toMatchObject({ status: 200, body: `pid ${processes()[0]}` })
  await atZero()
  expect(processes()).toEqual([])
  const second = await wick.call("fn.default.wick.localhost")
  expect(second).toMatchObject({ status: 200, body: `pid ${processes()[0]}` })
  expect(second.body).not.toBe(first.body)
  await expect.poll(async () => (await wick.wick("logs", "fn")).stdout).toContain("asked /")
  expect(await wick.wick("delete", "fn")).toMatchObject({ code: 0 })
  await atZero()
  expect(processes()).toEqual([])
})
