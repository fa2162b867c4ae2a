import { Service } from "@wick/sdk/api/core/service"
import { describe, expect, it } from "vitest"
import { pod, stored } from "../testing/objects.ts"
import { desiredSlices, desiredSubsets, isManaged } from "./decide.ts"

const service = (spec: object = {}): Service =>
  stored(
    Service,
    { name: "web" },
    { spec: { selector: { app: "web" }, ports: [{ port: 80, targetPort: 8080 }], ...spec } },
  )
const ready = (ip: string) => ({ node: "one", ip, readySince: "2026-01-01T00:00:00Z" })
const going = { deletionTimestamp: "2026-01-01T00:01:00Z" }

describe("the endpoints of a service", () => {
  it.each<{ name: string; pod: ReturnType<typeof pod>; conditions: object | undefined }>([
    {
      name: "a ready pod",
      pod: pod("a", ready("10.0.0.1")),
      conditions: { ready: true, serving: true, terminating: false },
    },
    {
      name: "a pod that is not ready",
      pod: pod("a", { node: "one", ip: "10.0.0.1" }),
      conditions: { ready: false, serving: false, terminating: false },
    },
    {
      name: "a pod that ends and still serves",
      pod: pod("a", { ...ready("10.0.0.1"), metadata: going }),
      conditions: { ready: false, serving: true, terminating: true },
    },
    { name: "a pod without an address", pod: pod("a", { node: "one" }), conditions: undefined },
    {
      name: "a pod that has ended",
      pod: pod("a", { ...ready("10.0.0.1"), phase: "Succeeded" }),
      conditions: undefined,
    },
  ])("show $name as it is", ({ pod: one, conditions }) => {
    const [slice] = desiredSlices(service(), [one])
    expect(slice?.endpoints?.map((endpoint) => endpoint.conditions)).toEqual(conditions ? [conditions] : [])
  })

  it("count as ready without being so when the service publishes them anyway", () => {
    const [slice] = desiredSlices(service({ publishNotReadyAddresses: true }), [
      pod("a", { node: "one", ip: "10.0.0.1" }),
    ])
    expect(slice?.endpoints?.[0]?.conditions?.ready).toBe(true)
  })

  it("are cut into slices of a hundred under names that stay", () => {
    const pods = Array.from({ length: 250 }, (_, i) =>
      pod(`p${String(i).padStart(3, "0")}`, ready(`10.0.${i >> 8}.${i & 255}`)),
    )
    const slices = desiredSlices(service(), pods)
    expect(slices.map(({ endpoints }) => endpoints?.length)).toEqual([100, 100, 50])
    expect(new Set(slices.map(({ metadata }) => metadata.name)).size).toBe(3)
    expect(desiredSlices(service(), [...pods].reverse())).toEqual(slices)
    expect(desiredSlices(service(), [])[0]?.metadata.name).toBe(slices[0]?.metadata.name)
  })

  it("lead to the number that each pod gives the named port", () => {
    const named = (name: string, ip: string, containerPort: number) => {
      const one = pod(name, ready(ip))
      const [container] = one.spec.containers
      const ports = [{ name: "http", containerPort, protocol: "TCP" as const }]
      return { ...one, spec: { ...one.spec, containers: [{ ...container, ports }] } } as typeof one
    }
    const pods = [named("a", "10.0.0.1", 8080), named("b", "10.0.0.2", 9090), pod("c", ready("10.0.0.3"))]
    const byName = service({ ports: [{ name: "web", port: 80, targetPort: "http", appProtocol: "kubernetes.io/h2c" }] })
    const shown = desiredSlices(byName, pods).map(({ endpoints, ports }) => [
      endpoints?.[0]?.addresses[0],
      ports?.[0]?.port,
    ])
    expect(shown).toEqual([
      ["10.0.0.1", 8080],
      ["10.0.0.2", 9090],
      ["10.0.0.3", undefined],
    ])
    expect(desiredSlices(byName, pods)[0]?.ports?.[0]?.appProtocol).toBe("kubernetes.io/h2c")
  })

  it("in the older form are ready or not, and leave out who ends", () => {
    const pods = [
      pod("a", ready("10.0.0.1")),
      pod("b", { node: "one", ip: "10.0.0.2" }),
      pod("c", { ...ready("10.0.0.3"), metadata: going }),
    ]
    const [subset] = desiredSubsets(service(), pods)
    expect(subset?.addresses?.map(({ ip }) => ip)).toEqual(["10.0.0.1"])
    expect(subset?.notReadyAddresses?.map(({ ip }) => ip)).toEqual(["10.0.0.2"])
    expect(subset?.ports).toEqual([{ port: 8080, protocol: "TCP" }])
    expect(desiredSubsets(service(), [])).toEqual([])
  })

  it("are the user's own where there is no selector", () => {
    expect(isManaged(service({ selector: undefined }))).toBe(false)
    expect(isManaged(service({ type: "ExternalName", externalName: "example.com" }))).toBe(false)
    expect(isManaged(service())).toBe(true)
  })

  it("of a headless service are labelled so", () => {
    const [slice] = desiredSlices(service({ clusterIP: "None" }), [])
    expect(slice?.metadata.labels).toMatchObject({
      "kubernetes.io/service-name": "web",
      "service.kubernetes.io/headless": "",
    })
  })
})
