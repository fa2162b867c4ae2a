import { SimulatedClock } from "@wick/sdk/clock"
import { expect, it } from "vitest"
import { ask, startApp, startStage } from "./testing/stage.ts"

it("is unready from the moment it is told to end, serves on while it lingers, and only then closes its port", async () => {
  const clock = new SimulatedClock()
  await using app = await startApp((_request, response) => response.end("served"))
  await using stage = await startStage(
    (cluster) => {
      cluster.route("app", { "app-1": 100 })
      cluster.revision("app-1", app.port)
      cluster.pod("a", "app-1", "127.0.0.1")
    },
    { clock },
  )
  const ready = () => ask(stage.activator.adminAddress.port, "x", { path: "/readyz" })
  expect(await ready()).toMatchObject({ status: 200 })
  const drained = stage.activator.drain({ lingerMs: 15_000, limitMs: 30_000 })
  expect(await ready()).toMatchObject({ status: 503, body: "not ready\n" })
  await clock.advance(14_900)
  const answer = await ask(stage.port, "app.test", { headers: { connection: "keep-alive" } })
  expect(answer).toMatchObject({ status: 200, body: "served", headers: { connection: "close" } })
  await clock.advance(100)
  await drained
  await expect(ask(stage.port, "app.test")).rejects.toThrow("ECONNREFUSED")
})
