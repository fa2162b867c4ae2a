import { expect, it } from "vitest"
import { createClient } from "../client/index.ts"
import { SimulatedClock } from "../clock/index.ts"
import { scriptedFetch } from "../testing/scripted-fetch.ts"
import type { Context } from "./context.ts"
import { command } from "./logs.ts"

it("wick logs -f asks twice a second, not more, of a server that ends each watch at once", async () => {
  const clock = new SimulatedClock()
  const service = { metadata: { name: "hello", namespace: "default" } }
  let watches = 0
  const { fetch } = scriptedFetch(({ path }) => {
    if (path.includes("/services/")) return Response.json(service)
    if (!path.includes("watch=")) return Response.json({ metadata: { resourceVersion: "1" }, items: [] })
    watches++
    return new Response("")
  })
  const stop = new AbortController()
  const connect = async () => ({ client: createClient({ fetch }), namespace: "default" })
  const context = { clock, connect, interrupted: stop.signal, out: () => {}, err: () => {} } as unknown as Context
  const followed = command(context).parseAsync(["hello", "-f"], { from: "user" })
  while (watches === 0) await clock.advance(0)
  for (let ms = 0; ms < 1_600; ms += 100) await clock.advance(100)
  expect(watches).toBe(4)
  stop.abort()
  await followed
})
