import type { EndpointSlice } from "@wick/sdk/api"
import { expect, it } from "vitest"
import {
  gatewayAliases,
  gatewayEndpoints,
  gatewayServiceOf,
  gatewayServices,
  gatewaySlices,
} from "./gateway-objects.ts"

const ports = { publicPort: 80, publicSecurePort: 443, localPort: 8080, localSecurePort: 8443, adminPorts: [9001] }
const slicesOf = (node: string, address: string) => gatewaySlices({ node, address, ...ports }) as EndpointSlice[]
const ofActivators = (slice: EndpointSlice) => gatewayServiceOf(slice) === "activator-service"

it("the older form tells of every host's activators, and which of them are not heard of", () => {
  const [first] = slicesOf("a", "10.0.0.1").filter(ofActivators)
  const [second] = slicesOf("b", "10.0.0.2").filter(ofActivators)
  if (!first || !second) throw new Error("no slice")
  const lost = second.endpoints.map((endpoint) => ({ ...endpoint, conditions: { ready: false } }))
  const { metadata, subsets } = gatewayEndpoints("activator-service", [{ ...second, endpoints: lost }, first])
  expect(metadata).toMatchObject({ name: "activator-service", namespace: "knative-serving" })
  expect(subsets).toMatchObject([
    { addresses: [{ ip: "10.0.0.1", nodeName: "a" }], notReadyAddresses: [], ports: first.ports },
    { addresses: [], notReadyAddresses: [{ ip: "10.0.0.2", nodeName: "b" }], ports: second.ports },
  ])
})

it("pods reach functions at the ports that their URLs name", () => {
  const place = { node: "a", address: "10.0.0.1", ...ports, publicPort: 18_080, publicSecurePort: 443 }
  const local = gatewayServices(place).find(({ metadata }) => metadata.name === "wick-gateway-local")
  const slice = gatewaySlices(place).find(({ metadata }) => metadata.name === "wick-gateway-local-a")
  expect(local?.spec.ports?.map(({ name, port }) => [name, port])).toEqual([
    ["http", 80],
    ["https", 443],
    ["http-url", 18_080],
  ])
  expect(slice?.ports?.map(({ name, port }) => [name, port])).toEqual([
    ["http", 8080],
    ["https", 8443],
    ["http-url", 8080],
    ["https-url", 8443],
  ])
})

it("names that lead everybody to themselves stand for the gateway where pods ask; others are the operator's", () => {
  const gateway = "wick-gateway-local.knative-serving.svc.cluster.local"
  expect(gatewayAliases("wick.localhost", "cluster.local")).toEqual({ "wick.localhost": gateway })
  for (const domain of ["example.com", "mylocalhost"]) expect(gatewayAliases(domain, "cluster.local")).toEqual({})
})
