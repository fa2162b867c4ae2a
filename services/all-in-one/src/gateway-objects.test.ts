import type { EndpointSlice } from "@wick/sdk/api"
import { expect, it } from "vitest"
import { gatewayEndpoints, gatewayServiceOf, gatewaySlices } from "./gateway-objects.ts"

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
