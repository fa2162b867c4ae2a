import { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { type Client, createClient } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { afterEach, beforeEach, describe, expect, it } from "vitest"
import {
  type ExtensionServer,
  group,
  registration,
  startExtensionServer,
  version,
} from "../../apiserver/testing/extension-server.ts"
import { startSecureTestApi } from "../../apiserver/testing/start-secure.ts"
import { startControllers } from "../index.ts"

const waitMsMax = 60_000
let undo: AsyncDisposableStack
let client: Client
let wardle: ExtensionServer

beforeEach(async () => {
  undo = new AsyncDisposableStack()
  const api = undo.use(await startSecureTestApi())
  client = createClient({ fetch: api.fetch })
  wardle = undo.use(await startExtensionServer(api, "garden"))
  const { namespace, service, slice, apiService } = registration(api, wardle)
  await client.create(Namespace, namespace as never)
  await client.create(Service, service as never)
  await client.create(EndpointSlice, slice as never)
  await client.create(APIService, apiService as never)
})
afterEach(() => undo.disposeAsync())

function start(): void {
  const informers = undo.use(createInformers(client, systemClock, silentLog))
  undo.use(startControllers({ client, informers, clock: systemClock, random: seededRandom(1), log: silentLog }))
}

/** Every state of a namespace from now to its end. */
async function* states(name: string): AsyncIterable<Namespace> {
  const signal = AbortSignal.timeout(waitMsMax)
  for await (const { type, object } of client.watch(Namespace, { fieldSelector: `metadata.name=${name}`, signal })) {
    if (type === "DELETED") return
    yield object as Namespace
  }
}

async function available(status: string): Promise<void> {
  const named = { fieldSelector: `metadata.name=${version}.${group}`, signal: AbortSignal.timeout(waitMsMax) }
  for await (const { object } of client.watch(APIService, named)) {
    const found = (object as APIService).status?.conditions?.find(({ type }) => type === "Available")
    if (found?.status === status) return
  }
}

describe("a namespace that is deleted", () => {
  it("takes along what another server holds in it", async () => {
    await available("True")
    start()
    await client.create(Namespace, { metadata: { name: "garden" } })
    await client.delete(Namespace, { name: "garden" })
    for await (const { status } of states("garden")) expect(status?.phase).toBe("Terminating")
    expect([...wardle.names]).toEqual([])
  })

  it("says what could not be deleted, with the server that holds it", async () => {
    await available("True")
    start()
    await client.create(Namespace, { metadata: { name: "garden" } })
    await expect.poll(() => wardle.seen.some(({ url }) => url.includes("watch=true"))).toBe(true)
    wardle.status = 500
    await client.delete(Namespace, { name: "garden" })
    for await (const { status } of states("garden")) {
      const failure = status?.conditions?.find((each) => each.type === "NamespaceDeletionContentFailure")
      if (failure?.status !== "True") continue
      expect(failure.reason).toBe("ContentDeletionFailed")
      expect(failure.message).toMatch(/^Failed to delete all resource types, 1 remaining: /)
      wardle.status = 0
    }
    expect([...wardle.names]).toEqual([])
  })

  it("stays while a server of some group is away, says why, and goes when the group does", async () => {
    await wardle[Symbol.asyncDispose]()
    await client.patch(
      APIService,
      { name: `${version}.${group}` },
      { type: "merge", body: { spec: { versionPriority: 16 } } },
    )
    await available("False")
    start()
    await client.create(Namespace, { metadata: { name: "blog" } })
    await client.delete(Namespace, { name: "blog" })
    let messages: (string | undefined)[] = []
    for await (const { status } of states("blog")) {
      const failure = status?.conditions?.find((each) => each.type === "NamespaceDeletionDiscoveryFailure")
      if (failure?.status !== "True" || messages.length > 0) continue
      messages = [failure.reason, failure.message]
      await client.delete(APIService, { name: `${version}.${group}` })
    }
    const failed = `${group}/${version}: stale GroupVersion discovery: ${group}/${version}`
    expect(messages).toEqual([
      "DiscoveryFailed",
      `Discovery failed for some groups, 1 failing: unable to retrieve the complete list of server APIs: ${failed}`,
    ])
  })
})
