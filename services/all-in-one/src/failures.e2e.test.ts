import { readFileSync } from "node:fs"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Pod } from "@wick/sdk/api/core/pod"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import type { Answer } from "./call.ts"
import { steady, type Tally } from "./testing/burst.ts"
import { buildTestImages } from "./testing/images.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

let wick: TestPlatform

beforeAll(async () => {
  wick = await startTestPlatform(["--activators", "2"])
  await buildTestImages(wick.registry)
  const reference = { name: "config-autoscaler", namespace: "knative-serving" }
  await wick.client.patch(ConfigMap, reference, { type: "merge", body: { data: { "stable-window": "6s" } } })
})

afterAll(() => wick?.[Symbol.asyncDispose]())

const call = (name: string, path = "/"): Promise<Answer> => wick.call(`${name}.default.wick.localhost`, { path })

async function deploy(name: string, ...flags: string[]): Promise<void> {
  const { code, stderr } = await wick.wick("deploy", name, "--image", `${wick.registry}/echo`, ...flags)
  expect(stderr).not.toContain("Error")
  expect(code).toBe(0)
}

describe("containerConcurrency 1 behind two activator processes", () => {
  it("is held: no pod ever has two requests inside, and every one is answered", async () => {
    await deploy("single", "--concurrency", "1", "--scale", "3..3")
    const inside: number[] = []
    const send = async (): Promise<Answer> => {
      const answer = await call("single", "/?delay=5")
      if (answer.status === 200) inside.push((JSON.parse(answer.body) as { inside: number }).inside)
      return answer
    }
    const ended = new AbortController()
    const traffic = steady(12, send, ended.signal)
    await until("600 answers", async () => inside.length >= 600)
    ended.abort()
    expect(Object.keys((await traffic).byStatus)).toEqual(["200"])
    expect(Math.max(...inside)).toBe(1)
    // Both took part: connections are new each time, and the kernel spreads them.
    for (const at of [0, 1]) expect(await answered(at, "single")).toBeGreaterThan(100)
    await wick.wick("delete", "single")
  })
})

/** Requests of the function that this activator process has answered. */
async function answered(at: number, name: string): Promise<number> {
  const response = await fetch(`http://127.0.0.1:${wick.gatewayPort + 1_000 + at}/metrics`)
  const lines = (await response.text()).split("\n").filter((line) => line.startsWith("wick_activator_requests_total"))
  return lines
    .filter((line) => line.includes(`"${name}-`))
    .reduce((sum, line) => sum + Number(line.split(" ").at(-1)), 0)
}

describe("activators, controller and autoscaler killed one after the other", () => {
  it("cost no more than the requests that were in a killed activator; whoever calls a function at zero is answered", async () => {
    await deploy("steadfast", "--scale", "1..3")
    await deploy("sleeper")
    const kills: number[] = []
    const failures: { sentMs: number; failedMs: number; why: string }[] = []
    const watched = (name: string) => async (): Promise<Answer> => {
      const sentMs = performance.now()
      try {
        const answer = await call(name)
        const { status, body } = answer
        if (status !== 200) failures.push({ sentMs, failedMs: performance.now(), why: `${status} ${body}` })
        return answer
      } catch (error) {
        failures.push({ sentMs, failedMs: performance.now(), why: String(error) })
        throw error
      }
    }
    const ended = new AbortController()
    const traffic = steady(4, watched("steadfast"), ended.signal)
    let cold = 0
    for (const victim of [0, "control", 1] as const) {
      await asleep("sleeper")
      if (victim === "control") {
        process.kill(wick.pid(), "SIGKILL")
        // Nobody can start a pod now: this caller waits until somebody can.
        const waits = call("sleeper")
        await wick.restart()
        expect((await waits).status).toBe(200)
      } else {
        const { pid } = JSON.parse(readFileSync(`${wick.home}/run/activator-${victim}.pid`, "utf8")) as { pid: number }
        kills.push(performance.now())
        process.kill(pid, "SIGKILL")
        expect((await again(() => call("sleeper"))).status).toBe(200)
      }
      cold++
    }
    ended.abort()
    const tally: Tally = await traffic
    expect(cold).toBe(3)
    expect(tally.byStatus[200]).toBeGreaterThan(500)
    // The kernel may hand a connection to one that is just dying.
    const unexplained = failures.filter(
      ({ sentMs, failedMs, why }) =>
        !(/ECONNRESET|socket hang up/.test(why) && kills.some((kill) => failedMs > kill && sentMs < kill + 1_000)),
    )
    expect(unexplained).toEqual([])
    // Four callers: no more than these can be in an activator when it dies.
    expect(failures.length).toBeLessThanOrEqual(4 * kills.length)
  })
})

async function asleep(name: string): Promise<void> {
  const labelSelector = `serving.knative.dev/service=${name}`
  await until(`${name} at zero`, async () => {
    return (await wick.client.list(Pod, { namespace: "default", labelSelector })).items.length === 0
  })
}

/** A new connection may have been in the killed activator's hands already: such a caller asks once more. */
async function again(send: () => Promise<Answer>): Promise<Answer> {
  return send().catch(send)
}
