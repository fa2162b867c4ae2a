import type { Pod } from "@wick/sdk/api/core/pod"
import type { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import { describe, expect, it } from "vitest"
import { nowMs } from "../../testing/objects.ts"
import { decide } from "./decide.ts"
import { fingerprint, fingerprintOf, trim } from "./written.ts"

type Spec = Partial<ServerlessService["spec"]>

function service(spec: Spec = {}): ServerlessService {
  const labels = { "serving.knative.dev/revision": "hello-00001", "serving.knative.dev/revisionUID": "uid-hello-00001" }
  return {
    apiVersion: "networking.internal.knative.dev/v1alpha1",
    kind: "ServerlessService",
    metadata: { name: "hello-00001", namespace: "default", uid: "uid", generation: 3, labels },
    spec: { mode: "Proxy", numActivators: 2, protocolType: "http1", objectRef: {}, ...spec },
  } as unknown as ServerlessService
}

function pod(name: string, ip: string, ready = "True", more: object = {}): Pod {
  return {
    metadata: { name, namespace: "default", uid: `uid-${name}`, ...more },
    spec: { nodeName: "one", containers: [{ ports: [{ name: "user-port", containerPort: 8080 }] }] },
    status: { podIP: ip, conditions: [{ type: "Ready", status: ready }] },
  } as unknown as Pod
}

function activators(...ips: string[]): EndpointSlice {
  const ports = [
    { name: "http", port: 8012 },
    { name: "h2c", port: 8013 },
  ]
  return { ports, endpoints: ips.map((ip) => ({ addresses: [ip], conditions: { ready: true } })) } as EndpointSlice
}

const pods = [pod("b", "10.0.0.2"), pod("a", "10.0.0.1"), pod("c", "10.0.0.3", "False")]
const three = activators("10.1.0.1", "10.1.0.2", "10.1.0.3")

/** `ip:port` of all who answer, and what is said of it. */
function answers(spec: Spec, given: Pod[], by: EndpointSlice[]) {
  const { slices, endpoints, status } = decide({ service: service(spec), pods: given, activators: by }, nowMs)
  const inSlices = slices.flatMap(({ endpoints: all, ports }) =>
    all.map(({ addresses }) => `${addresses[0]}:${ports?.[0]?.port}`),
  )
  const inEndpoints = (endpoints.subsets ?? []).flatMap(({ addresses, ports }) =>
    (addresses ?? []).map(({ ip }) => `${ip}:${ports?.[0]?.port}`),
  )
  expect(inEndpoints).toEqual(inSlices)
  const conditions = (status(undefined)?.conditions ?? []).map(({ type, status: is }) => `${type} ${is}`)
  return { who: inSlices, conditions }
}

describe("at a revision's Service", () => {
  it("pods answer in mode Serve, those that are ready", () => {
    expect(answers({ mode: "Serve" }, pods, [three])).toEqual({
      who: ["10.0.0.1:8080", "10.0.0.2:8080"],
      conditions: ["ActivatorEndpointsPopulated False", "EndpointsPopulated True", "Ready True"],
    })
  })

  it("as many activators as were asked for answer in mode Proxy, though pods are ready", () => {
    const { who, conditions } = answers({}, pods, [three])
    expect(who).toHaveLength(2)
    expect(conditions).toEqual(["ActivatorEndpointsPopulated True", "EndpointsPopulated True", "Ready True"])
  })

  it("activators answer where there is no pod, whatever the mode", () => {
    const { who, conditions } = answers({ mode: "Serve", numActivators: 0 }, [pod("a", "10.0.0.1", "False")], [three])
    expect(who).toEqual(["10.1.0.1:8012", "10.1.0.2:8012", "10.1.0.3:8012"])
    expect(conditions).toEqual(["ActivatorEndpointsPopulated True", "EndpointsPopulated Unknown", "Ready Unknown"])
  })

  it("pods answer where there is no activator, whatever the mode", () => {
    expect(answers({}, pods, []).who).toEqual(["10.0.0.1:8080", "10.0.0.2:8080"])
  })

  it("nobody answers where there is nobody", () => {
    expect(answers({}, [], [])).toEqual({
      who: [],
      conditions: ["ActivatorEndpointsPopulated True", "EndpointsPopulated Unknown", "Ready Unknown"],
    })
  })

  it("activators answer at the port for the protocol", () => {
    const { services, slices } = decide(
      { service: service({ protocolType: "h2c" }), pods: [], activators: [three] },
      nowMs,
    )
    expect(services[0]?.spec.ports).toEqual([{ name: "http2", protocol: "TCP", port: 81, targetPort: 81 }])
    expect(slices[0]?.ports).toEqual([{ name: "http2", protocol: "TCP", port: 8013 }])
  })

  it("activators of several ports answer in slices of their own", () => {
    const other = { ...activators("10.1.0.1"), ports: [{ name: "http", port: 9012 }] } as EndpointSlice
    expect(answers({ numActivators: 0 }, [], [activators("10.1.0.1"), other]).who).toEqual([
      "10.1.0.1:8012",
      "10.1.0.1:9012",
    ])
  })

  it("pods on their way out answer no more, and those of the private Service are told by their selector", () => {
    const ending = pod("a", "10.0.0.1", "True", { deletionTimestamp: "2026-01-01T00:00:00Z" })
    const { services, slices } = decide({ service: service({ mode: "Serve" }), pods: [ending], activators: [] }, nowMs)
    expect(slices).toEqual([])
    expect(services[1]).toMatchObject({
      metadata: { name: "hello-00001-private" },
      spec: { selector: { "serving.knative.dev/revisionUID": "uid-hello-00001" } },
    })
  })

  it("the loss of an activator moves the share of no other", () => {
    const ips = Array.from({ length: 10 }, (_, at) => `10.1.0.${at}`)
    const of = (all: string[]) => answers({ numActivators: 3 }, [], [activators(...all)]).who
    const before = of(ips)
    const lost = before[0]?.split(":")[0] ?? ""
    const after = of(ips.filter((ip) => ip !== lost))
    expect(before.slice(1).every((place) => after.includes(place))).toBe(true)
    expect(after).toHaveLength(3)
  })

  it("more than a hundred pods need another slice", () => {
    const many = Array.from({ length: 250 }, (_, at) => pod(`p${at}`, `10.2.${at >> 8}.${at & 255}`))
    const { slices } = decide({ service: service({ mode: "Serve" }), pods: many, activators: [] }, nowMs)
    expect(slices.map(({ metadata, endpoints }) => [metadata.name, endpoints.length])).toEqual([
      ["hello-00001-public", 100],
      ["hello-00001-public-1", 100],
      ["hello-00001-public-2", 50],
    ])
  })

  it("an object of somebody else in the way is said", () => {
    const { status } = decide({ service: service(), pods, activators: [three] }, nowMs)
    const populated = status({ kind: "Service", name: "hello-00001" })?.conditions?.find(({ type }) => type === "Ready")
    expect(populated).toMatchObject({
      status: "False",
      reason: "NotOwned",
      message: "Resource hello-00001 of type Service is not owned by SKS",
    })
  })
})

it("what is kept of an object has the fingerprint of what was written", () => {
  const { services, slices, endpoints } = decide({ service: service(), pods, activators: [three] }, nowMs)
  for (const object of [...services, ...slices, endpoints]) {
    expect(fingerprintOf(trim(object))).toBe(fingerprint(object))
    expect(JSON.stringify(trim(object)).length).toBeLessThan(600)
  }
})
