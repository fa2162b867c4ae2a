import { Event } from "@wick/sdk/api/core/event"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { Service } from "@wick/sdk/api/core/service"
import type { Client } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { expect, it } from "vitest"
import { startTestApi } from "./apiserver/testing/start.ts"
import { moveServiceAddresses } from "./service-addresses.ts"
import { createMemoryStorage } from "./store/index.ts"

const ports = [{ port: 80 }]
const namespace = "default"

const addresses = async (client: Client): Promise<Record<string, string | undefined>> =>
  Object.fromEntries((await client.list(Service)).items.map(({ metadata, spec }) => [metadata.name, spec.clusterIP]))

it("services of a range that the cluster has lost get addresses of the new one and an event each, and others stay", async () => {
  const storage = createMemoryStorage({ clock: systemClock })
  const old = await startTestApi({ storage, serviceCidr: "10.99.0.0/16" })
  await old.client.create(Namespace, { metadata: { name: namespace } }).catch(() => {})
  const create = (name: string, spec: object) =>
    old.client.create(Service, { metadata: { name, namespace }, spec: { ports, ...spec } } as never)
  await create("kubernetes", { clusterIP: "10.99.0.1" })
  await create("web", {})
  await create("open", { type: "LoadBalancer" })
  await create("headless", { clusterIP: "None" })
  await create("named", { type: "ExternalName", externalName: "example.com" })
  await old[Symbol.asyncDispose]()

  await using now = await startTestApi({ storage, serviceCidr: "10.235.0.0/16" })
  const { client } = now
  const given = { client, serviceCidr: "10.235.0.0/16", firstAddress: "10.235.0.1", clock: systemClock, log: silentLog }
  await moveServiceAddresses(given)
  const moved = await addresses(client)
  expect([moved.web, moved.open].sort()).toEqual(["10.235.0.10", "10.235.0.11"])
  // The API server's own is made anew by whoever ensures that it is there.
  expect(moved).toEqual({ web: moved.web, open: moved.open, headless: "None", named: undefined })
  const told = (await client.list(Event, { namespace })).items.map(({ involvedObject, type, reason, message }) => {
    return `${involvedObject?.name}: ${type} ${reason}: ${message}`
  })
  expect(told.find((line) => line.startsWith("web"))).toMatch(
    /^web: Warning ClusterIPOutOfRange: Cluster IP \[IPv4\]:10\.99\.0\.1\d is not within the Service CIDR 10\.235\.0\.0\/16; it is 10\.235\.0\.1\d now$/,
  )
  expect(told).toHaveLength(2)

  await client.create(Service, {
    metadata: { name: "kubernetes", namespace },
    spec: { ports, clusterIP: "10.235.0.1" },
  })
  const before = (await client.list(Service)).metadata.resourceVersion
  await moveServiceAddresses(given)
  expect((await client.list(Service)).metadata.resourceVersion).toBe(before)
})
