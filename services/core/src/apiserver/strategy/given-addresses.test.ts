import { type AnyObject, Service } from "@wick/sdk/api"
import { openapiSchema } from "@wick/sdk/api/openapi"
import { SimulatedClock } from "@wick/sdk/clock"
import { expect, it, onTestFinished } from "vitest"
import { createMemoryStorage } from "#store"
import { ObjectStore } from "../object-store.ts"
import { builtinResource } from "../served-resource.ts"
import { GivenAddresses } from "./given-addresses.ts"

const { schema, components } = openapiSchema(Service)
const services = builtinResource(Service, schema, components)

const service = (name: string, clusterIP: string, nodePort?: number): AnyObject => ({
  apiVersion: "v1",
  kind: "Service",
  metadata: { name, namespace: "default" },
  spec: { clusterIP, type: nodePort === undefined ? "ClusterIP" : "NodePort", ports: [{ port: 80, nodePort }] },
})

it("what Services have is told as they come, change and go, also after their watches began again", async () => {
  const clock = new SimulatedClock()
  const storage = createMemoryStorage({ clock })
  const store = new ObjectStore(storage, clock)
  onTestFinished(async () => {
    store.close()
    await storage.close()
  })
  const given = new GivenAddresses(store.cache(services))
  const told = async () => {
    await given.fresh()
    return [...given.addresses.keys(), ...given.nodePorts.keys()]
  }
  await store.create(services, service("a", "10.0.0.1"))
  expect(await told()).toEqual(["10.0.0.1"])
  const b = await store.create(services, service("b", "10.0.0.2", 30_001))
  expect(await told()).toEqual(["10.0.0.1", "10.0.0.2", 30_001])
  const moved = await store.update(services, b, service("b", "10.0.0.2", 30_002))
  expect(await told()).toEqual(["10.0.0.1", "10.0.0.2", 30_002])
  store.renew(services)
  await store.create(services, service("c", "10.0.0.3"))
  expect(await told()).toEqual(["10.0.0.1", "10.0.0.2", "10.0.0.3", 30_002])
  await store.delete(services, await store.get(services, "default", moved.name))
  expect(await told()).toEqual(["10.0.0.1", "10.0.0.3"])
})
