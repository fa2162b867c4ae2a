import { Endpoints } from "@wick/sdk/api/core/endpoints"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformers } from "@wick/sdk/controller"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { startTestApi } from "../../apiserver/testing/start.ts"
import { startEndpointSlices } from "./reconcile.ts"

const namespace = "default"

it("endpoints are the present service's, not those of one of its name that was there before: these would go with it", async () => {
  await using undo = new AsyncDisposableStack()
  const { client } = undo.use(await startTestApi())
  await client.create(Namespace, { metadata: { name: namespace } }).catch(() => {})
  const world = { clock: systemClock, random: seededRandom(1), log: silentLog }
  const informers = undo.use(createInformers(client, systemClock, silentLog))
  undo.use(startEndpointSlices({ client, informers, ...world }))
  const spec = { selector: { app: "web" }, ports: [{ port: 80 }] }
  const { metadata } = await client.create(Service, { metadata: { name: "web", namespace }, spec })
  const owners = async (): Promise<unknown[]> => {
    const [slices, endpoints] = await Promise.all([client.list(EndpointSlice), client.list(Endpoints)])
    return [...slices.items, ...endpoints.items].map((each) => each.metadata.ownerReferences?.[0]?.uid)
  }
  await expect.poll(owners).toEqual([metadata.uid, metadata.uid])
  const before = { apiVersion: "v1", kind: "Service", name: "web", uid: "before", controller: true }
  const body = { metadata: { ownerReferences: [before] } }
  const { items } = await client.list(EndpointSlice)
  const name = items[0]?.metadata.name ?? ""
  await client.patch(EndpointSlice, { name, namespace }, { type: "merge", body })
  await client.patch(Endpoints, { name: "web", namespace }, { type: "merge", body })
  await expect.poll(owners).toEqual([metadata.uid, metadata.uid])
})
