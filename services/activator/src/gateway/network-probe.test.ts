import { describe, expect, it } from "vitest"
import { ask, startApp, startStage } from "../testing/stage.ts"
import { answerProbe } from "./network-probe.ts"

describe("a network probe", () => {
  const warm = { ready: ["pod"] }
  const cold = { ready: [] }

  it.each([
    { name: "activator", kind: "activator", hash: "", revision: undefined, status: 200, body: "activator" },
    { name: "the way to a host", kind: "probe", hash: "h1", revision: cold, status: 200, body: "" },
    { name: "a way that is not there", kind: "probe", hash: "h1", revision: undefined, status: 404 },
    { name: "a way without saying which", kind: "probe", hash: "", revision: warm, status: 400 },
    { name: "a pod", kind: "queue", hash: "", revision: warm, status: 200, body: "queue" },
    { name: "a pod where there is none", kind: "queue", hash: "", revision: cold, status: 503 },
    { name: "anything else", kind: "x", hash: "", revision: warm, status: 400 },
  ])("for $name is $status", ({ kind, hash, revision, status, body }) => {
    const answer = answerProbe(kind, hash, "app.test", revision)
    expect(answer.status).toBe(status)
    if (body !== undefined) expect(answer.body).toBe(body)
  })

  it("is answered by the gateway, gives its hash back and never reaches the application", async () => {
    let reached = 0
    await using app = await startApp((_request, response) => {
      reached++
      response.end()
    })
    await using stage = await startStage((cluster) => {
      cluster.route("app", { "app-1": 100 })
      cluster.revision("app-1", app.port)
      cluster.pod("a", "app-1", "127.0.0.1")
    })
    const probe = (headers: Record<string, string>, host = "app.test") => ask(stage.port, host, { headers })
    const answer = await probe({ "K-Network-Probe": "probe", "K-Network-Hash": "abc" })
    expect(answer).toMatchObject({ status: 200, headers: { "k-network-hash": "abc" } })
    expect(await probe({ "K-Network-Probe": "activator" })).toMatchObject({ status: 200, body: "activator" })
    expect(await probe({ "K-Network-Probe": "probe", "K-Network-Hash": "abc" }, "no.test")).toMatchObject({
      status: 404,
    })
    expect(reached).toBe(0)
    const { body } = await ask(stage.activator.adminAddress.port, "x", { path: "/metrics" })
    expect(body).toMatch(/wick_activator_requests_total\{.*app-1.*"2xx"\} 0/)
  })
})
