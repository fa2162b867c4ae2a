import { expect, it } from "vitest"
import { startTestApi } from "./testing/start.ts"

const configMaps = new Request("https://wick/api/v1/namespaces/default/configmaps")
const master = { name: "admin", groups: ["system:masters"] }

it("answers who still asks a server that was disposed, and leaves no watch behind in the store", async () => {
  const api = await startTestApi()
  await api.server[Symbol.asyncDispose]()
  expect((await api.server.handle(configMaps, master)).status).toBe(503)
  await api.storage.close()
})

it("survives a store that stops under it: it says so, and reads it no more", async () => {
  await using api = await startTestApi()
  expect((await api.server.handle(configMaps, master)).status).toBe(200)
  // A cache that tried to read it again would reject in nobody's hands, which fails the test.
  await api.storage.close()
  expect((await api.server.handle(configMaps, master)).status).toBe(503)
})
