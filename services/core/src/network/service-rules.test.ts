import type { EndpointSlice, Service } from "@wick/sdk/api"
import { describe, expect, it } from "vitest"
import { RuleBook } from "./rule-book.ts"
import { noRules, serviceRules } from "./service-rules.ts"

interface Backend {
  address: string
  state?: "ready" | "not ready" | "ending" | "ending but serving"
}

function service(spec: Partial<Service["spec"]> = {}): Service {
  const ports = [{ name: "http", protocol: "TCP", port: 80 }]
  return {
    apiVersion: "v1",
    kind: "Service",
    metadata: { name: "hello", namespace: "default" },
    spec: { type: "ClusterIP", clusterIP: "10.235.0.4", sessionAffinity: "None", ports, ...spec },
  } as unknown as Service
}

function slice(...backends: Backend[]): EndpointSlice {
  const endpoints = backends.map(({ address, state = "ready" }) => ({
    addresses: [address],
    conditions: {
      ready: state === "ready",
      serving: state !== "not ready" && state !== "ending",
      terminating: state.startsWith("ending"),
    },
  }))
  const ports = [{ name: "http", protocol: "TCP", port: 8080 }]
  return { addressType: "IPv4", endpoints, ports } as unknown as EndpointSlice
}

const chain = "svc/default/hello/tcp/80"
const ruleOf = (...backends: Backend[]): string | undefined =>
  serviceRules(service(), [slice(...backends)]).chains.get(chain)

describe("the rules of a service", () => {
  it("lead to its one endpoint without a choice", () => {
    expect(ruleOf({ address: "10.234.0.5" })).toBe("meta l4proto tcp dnat to 10.234.0.5:8080")
  })

  it("give each endpoint the same chance, in an order that does not depend on the slices", () => {
    const one = ruleOf({ address: "10.234.0.6" }, { address: "10.234.0.5" })
    expect(one).toBe(
      "meta l4proto tcp dnat ip to numgen random mod 2 map { 0 : 10.234.0.5 . 8080, 1 : 10.234.0.6 . 8080 }",
    )
    expect(ruleOf({ address: "10.234.0.5" }, { address: "10.234.0.6" })).toBe(one)
  })

  it("lead a load balancer's address to the same endpoints, but never one of loopback", () => {
    const ingress = [{ ip: "10.9.9.9" }, { ip: "127.0.0.1" }, { ip: "10.9.9.8", ipMode: "Proxy" }, { hostname: "x" }]
    const balanced = { ...service({ type: "LoadBalancer" }), status: { loadBalancer: { ingress } } } as Service
    const { addresses } = serviceRules(balanced, [slice({ address: "10.234.0.5" })])
    expect([...addresses]).toEqual([
      ["10.235.0.4 . tcp . 80", chain],
      ["10.9.9.9 . tcp . 80", chain],
    ])
  })

  it("keep a client with its endpoint when the service is sticky", () => {
    const rules = serviceRules(service({ sessionAffinity: "ClientIP" }), [
      slice({ address: "10.234.0.5" }, { address: "10.234.0.6" }),
    ])
    expect(rules.chains.get(chain)).toContain("jhash ip saddr mod 2")
  })

  it("use endpoints that end only when no other is ready", () => {
    const ending: Backend = { address: "10.234.0.5", state: "ending but serving" }
    expect(ruleOf(ending, { address: "10.234.0.6" })).toContain("dnat to 10.234.0.6:8080")
    expect(ruleOf(ending)).toContain("dnat to 10.234.0.5:8080")
  })

  it("are none without endpoints that serve, for headless services and for external names", () => {
    expect(ruleOf({ address: "10.234.0.5", state: "not ready" }, { address: "10.234.0.6", state: "ending" })).toBe(
      undefined,
    )
    expect(serviceRules(service({ clusterIP: "None" }), [slice({ address: "10.234.0.5" })])).toBe(noRules)
    expect(serviceRules(service({ type: "ExternalName" }), [slice({ address: "10.234.0.5" })])).toBe(noRules)
  })

  it("open a node port when the service has one", () => {
    const ports = [{ name: "http", protocol: "TCP" as const, port: 80, nodePort: 30_080 }]
    const rules = serviceRules(service({ type: "NodePort", ports }), [slice({ address: "10.234.0.5" })])
    expect([...rules.nodePorts]).toEqual([["tcp . 30080", chain]])
  })
})

describe("the rule book", () => {
  const rules = (...addresses: string[]) =>
    serviceRules(service(), [slice(...addresses.map((address) => ({ address })))])

  it("changes only the chain when only endpoints change", () => {
    const book = new RuleBook()
    book.replace("default/hello", rules("10.234.0.5"))
    expect(book.replace("default/hello", rules("10.234.0.6")).text("wick").split("\n")).toEqual([
      `flush chain ip wick ${chain}`,
      `add rule ip wick ${chain} meta l4proto tcp dnat to 10.234.0.6:8080`,
      "delete element ip wick hairpins { 10.234.0.5 . 10.234.0.5 }",
      "add element ip wick hairpins { 10.234.0.6 . 10.234.0.6 }",
      "",
    ])
  })

  it("takes away what leads to a chain before the chain", () => {
    const book = new RuleBook()
    book.replace("default/hello", rules("10.234.0.5"))
    expect(book.replace("default/hello", noRules).text("wick").split("\n")).toEqual([
      "delete element ip wick addresses { 10.235.0.4 . tcp . 80 }",
      "delete element ip wick hairpins { 10.234.0.5 . 10.234.0.5 }",
      `flush chain ip wick ${chain}`,
      `delete chain ip wick ${chain}`,
      "",
    ])
    expect(book.everything().empty).toBe(true)
  })

  it("says nothing when nothing changes", () => {
    const book = new RuleBook()
    book.replace("default/hello", rules("10.234.0.5"))
    expect(book.replace("default/hello", rules("10.234.0.5")).empty).toBe(true)
  })

  it("keeps an endpoint's hairpin while any service has it", () => {
    const book = new RuleBook()
    book.replace("default/one", rules("10.234.0.5"))
    const other = { ...rules("10.234.0.5"), chains: new Map([["svc/other", "accept"]]), addresses: new Map() }
    book.replace("default/other", other)
    expect(book.replace("default/one", noRules).text("wick")).not.toContain("hairpins")
    expect(book.replace("default/other", noRules).text("wick")).toContain("delete element ip wick hairpins")
  })

  it("leaves an address with its first owner", () => {
    const book = new RuleBook()
    book.replace("default/one", rules("10.234.0.5"))
    const thief = { ...rules("10.234.0.7"), chains: new Map([["svc/thief", "accept"]]) }
    expect(book.replace("default/thief", thief).text("wick")).not.toContain("addresses")
    expect(book.replace("default/thief", noRules).text("wick")).not.toContain("addresses")
  })
})
