import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { createClient } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { startTestApi } from "./testing/start.ts"

it("a watch says where it is when somebody asks for the present, so that catching up costs one short list", async () => {
  await using api = await startTestApi()
  const lists: string[] = []
  const client = createClient({
    fetch: (request) => {
      const { searchParams, pathname } = new URL(request.url)
      if (!searchParams.has("watch")) lists.push(`${pathname} limit=${searchParams.get("limit")}`)
      return api.server.fetchAs({ name: "reader", groups: ["system:masters"] })(request)
    },
  })
  await using informers = createInformers(client, systemClock, silentLog)
  const maps = informers(ConfigMap)
  await maps.synced
  const metadata = { name: "other", namespace: "default" }
  for (let round = 0; round < 3; round++) {
    // Another kind's write moves the present on, and the watch of this one has nothing to tell of it.
    await api.client.create(ServiceAccount, { metadata: { ...metadata, name: `other-${round}` } })
    await maps.caughtUp()
  }
  await api.client.create(ConfigMap, { metadata })
  await maps.caughtUp()
  expect(maps.get("other", "default")).toBeDefined()
  expect(lists).toEqual([
    "/api/v1/configmaps limit=500",
    ...Array.from({ length: 4 }, () => "/api/v1/configmaps limit=1"),
  ])
})
