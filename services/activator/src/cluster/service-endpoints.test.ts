import { expect, it } from "vitest"
import { endpointsOf, protocolOf, sourceOf, type Wanted } from "./service-endpoints.ts"
import type { ServiceSpecView, WatchedEndpointSlice } from "./watched-kinds.ts"

const ports = [
  { name: "http", port: 80 },
  { name: "admin", port: 9000 },
]
const known: Readonly<Record<string, ServiceSpecView>> = {
  "default/plain": { ports },
  "default/alias": { type: "ExternalName", externalName: "channel.eventing.svc.cluster.local" },
  "default/short": { type: "ExternalName", externalName: "plain.default.svc" },
  "eventing/channel": { ports },
  "default/outside": { type: "ExternalName", externalName: "metadata.cloud.example" },
  "default/gateway": { type: "ExternalName", externalName: "wick-gateway.knative-serving.svc.cluster.local" },
  "knative-serving/wick-gateway": { ports },
  "default/a": { type: "ExternalName", externalName: "b.default.svc.cluster.local" },
  "default/b": { type: "ExternalName", externalName: "a.default.svc.cluster.local" },
}
const source = (name: string, port: Wanted["port"] = 80) =>
  sourceOf({ namespace: "default", name, port }, (namespace, service) => known[`${namespace}/${service}`])

it("a port is found by its number or its name", () => {
  expect(source("plain", 9000)?.port.name).toBe("admin")
  expect(source("plain", "admin")?.port.port).toBe(9000)
  expect([source("plain", 81), source("nobody")]).toEqual([undefined, undefined])
})

it("a name is followed to the Service that it names, in the cluster only, and not back to the gateways", () => {
  expect(source("alias")).toMatchObject({ namespace: "eventing", name: "channel" })
  expect(source("short")).toMatchObject({ namespace: "default", name: "plain" })
  expect([source("outside"), source("gateway"), source("a")]).toEqual([undefined, undefined, undefined])
})

it("endpoints are those that are ready, each slice with its own number for the port", () => {
  const slice = (port: number, address: string, ready?: boolean) =>
    ({
      endpoints: [{ addresses: [address], conditions: { ready } }],
      ports: [
        { name: "admin", port: 1 },
        { name: "http", port },
      ],
    }) as unknown as WatchedEndpointSlice
  const slices = [slice(8080, "10.0.0.1"), slice(8081, "10.0.0.2", true), slice(8080, "10.0.0.3", false)]
  expect(endpointsOf(source("plain"), slices)).toEqual([
    { address: "10.0.0.1", port: 8080 },
    { address: "10.0.0.2", port: 8081 },
  ])
})

it("a port says by appProtocol or name that HTTP/2 without TLS is spoken there", () => {
  const spoken = [{ port: 80 }, { name: "h2c", port: 80 }, { appProtocol: "kubernetes.io/h2c", port: 80 }]
  expect(spoken.map(protocolOf)).toEqual(["http1", "h2c", "h2c"])
})
