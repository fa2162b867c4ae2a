import { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Service } from "@wick/sdk/api/core/service"
import { createClient } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { afterEach, describe, expect, it } from "vitest"
import { group, registration, version } from "../../apiserver/testing/extension-server.ts"
import { startSecureTestApi } from "../../apiserver/testing/start-secure.ts"
import { startControllers } from "../index.ts"

let undo = new AsyncDisposableStack()
afterEach(async () => {
  await undo.disposeAsync()
  undo = new AsyncDisposableStack()
})

describe("a namespace that is deleted while a server of some group is away", () => {
  it("stays, says why, and goes when the group does", async () => {
    const api = undo.use(await startSecureTestApi())
    const client = createClient({ fetch: api.fetch })
    const { namespace, service, apiService } = registration(api, { address: "192.0.2.1", port: 1 })
    await client.create(Namespace, namespace as never)
    await client.create(Service, service as never)
    await client.create(APIService, apiService as never)
    const context = { client, clock: systemClock, random: seededRandom(1), log: silentLog }
    const informers = undo.use(createInformers(client, systemClock, silentLog))
    undo.use(startControllers({ ...context, informers }))

    await client.create(Namespace, { metadata: { name: "blog" } })
    await client.delete(Namespace, { name: "blog" })
    const signal = AbortSignal.timeout(15_000)
    let messages: (string | undefined)[] = []
    for await (const { type, object } of client.watch(Namespace, { fieldSelector: "metadata.name=blog", signal })) {
      if (type === "DELETED") break
      const conditions = (object as Namespace).status?.conditions ?? []
      const failure = conditions.find((each) => each.type === "NamespaceDeletionDiscoveryFailure")
      if (failure?.status !== "True" || messages.length > 0) continue
      messages = [failure.reason, failure.message]
      await client.delete(APIService, { name: `${version}.${group}` })
    }
    const failed = `${group}/${version}: stale GroupVersion discovery: ${group}/${version}`
    expect(messages).toEqual([
      "DiscoveryFailed",
      `Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: ${failed}`,
    ])
  }, 20_000)
})
