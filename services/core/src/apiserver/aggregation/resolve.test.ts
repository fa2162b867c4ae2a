import type { Service } from "@wick/sdk/api/core/service"
import type { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { describe, expect, it } from "vitest"
import { resolve } from "./resolve.ts"

const reference = { namespace: "shop", name: "wardle", port: 443 }
const service = (spec: object): Service => ({ spec }) as unknown as Service
const https = service({ type: "ClusterIP", ports: [{ name: "https", port: 443 }] })
const slice = (endpoints: object[], name = "https"): EndpointSlice =>
  ({ addressType: "IPv4", endpoints, ports: [{ name, port: 8_443 }] }) as unknown as EndpointSlice
const ready = { addresses: ["10.0.0.1"], conditions: { ready: true } }

describe("where a Service leads", () => {
  it("is to every endpoint that is ready, or does not say, at the port of the same name", () => {
    const other = { addresses: ["10.0.0.2"], conditions: {} }
    const starting = { addresses: ["10.0.0.3"], conditions: { ready: false } }
    expect(resolve(reference, https, [slice([ready, starting]), slice([other]), slice([ready], "http")])).toEqual({
      kind: "found",
      backends: [
        { host: "10.0.0.1", port: 8_443 },
        { host: "10.0.0.2", port: 8_443 },
      ],
    })
  })

  it("is to another name when it is one", () => {
    const external = service({ type: "ExternalName", externalName: "wardle.example.com" })
    expect(resolve(reference, external, [])).toEqual({
      kind: "found",
      backends: [{ host: "wardle.example.com", port: 443 }],
    })
  })

  it.each([
    ["there is no Service", undefined, [], "ServiceNotFound", 'service/wardle in "shop" is not present'],
    [
      "it has no such port",
      service({ ports: [{ port: 80 }] }),
      [],
      "ServicePortError",
      'service/wardle in "shop" is not listening on port 443',
    ],
    [
      "nobody made endpoints",
      https,
      [],
      "EndpointsNotFound",
      'cannot find endpointslices for service/wardle in "shop"',
    ],
    [
      "none is ready",
      https,
      [slice([])],
      "MissingEndpoints",
      'endpointslices for service/wardle in "shop" have no addresses with port name "https"',
    ],
  ])("is nowhere when %s", (_, found, slices, reason, message) => {
    expect(resolve(reference, found, slices)).toEqual({ kind: "nowhere", reason, message })
  })
})
