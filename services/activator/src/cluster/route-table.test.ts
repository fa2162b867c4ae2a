import { describe, expect, it } from "vitest"
import { hostName } from "./host-name.ts"
import { RouteTable, type TrafficView } from "./route-table.ts"
import { WeightedChoice } from "./weighted-choice.ts"

const route = (name: string, traffic: TrafficView[], url = `http://${name}.test:8080`) => ({
  metadata: { name, namespace: "default" },
  status: { url, address: { url: `http://${name}.default.svc.cluster.local` }, traffic },
})

describe("the route table", () => {
  it("knows a route by its URL and by its address in the cluster, whatever the case and port", () => {
    const table = new RouteTable((_namespace, revision) => revision)
    table.put(route("hello", [{ revisionName: "hello-1", percent: 100 }]))
    for (const host of [
      "hello.test",
      "HELLO.test:8080",
      "hello.test.",
      "hello.default.svc.cluster.local",
      "hello.default.svc",
      "hello.default",
    ]) {
      expect(table.choose(host)).toBe("hello-1")
    }
    expect(table.choose("other.test")).toBeUndefined()
  })

  it("forgets the hosts that a changed route no longer has", () => {
    const table = new RouteTable((_namespace, revision) => revision)
    const tagged = { revisionName: "hello-2", tag: "next", url: "http://next-hello.test" }
    table.put(route("hello", [{ revisionName: "hello-1", percent: 100 }, tagged]))
    expect(table.choose("next-hello.test")).toBe("hello-2")
    expect(table.leadsTo("hello-2")).toBe(true)
    table.put(route("hello", [{ revisionName: "hello-1", percent: 100 }]))
    expect(table.choose("next-hello.test")).toBeUndefined()
    expect(table.leadsTo("hello-2")).toBe(false)
    table.remove(route("hello", []))
    expect(table.choose("hello.test")).toBeUndefined()
  })

  it("has no host for a route that has no revision yet", () => {
    const table = new RouteTable((_namespace, revision) => revision)
    table.put(route("new", []))
    table.put({ metadata: { name: "newer" } })
    expect(table.choose("new.test")).toBeUndefined()
  })
})

describe("a weighted choice", () => {
  it.each([
    { weights: [80, 20], turns: 5, chosen: "aabaa" },
    { weights: [50, 50], turns: 4, chosen: "abab" },
    { weights: [100, 0], turns: 3, chosen: "aaa" },
    { weights: [1, 1, 1], turns: 6, chosen: "abcabc" },
  ])("spreads $weights as evenly as it can", ({ weights, turns, chosen }) => {
    const choice = new WeightedChoice(weights.map((weight, at) => ({ target: "abc"[at] as string, weight })))
    expect(Array.from({ length: turns }, () => choice.next()).join("")).toBe(chosen)
  })

  it("keeps any hundred requests within one of their share", () => {
    const choice = new WeightedChoice([33, 33, 34].map((weight, at) => ({ target: at, weight })))
    for (let round = 0; round < 10; round++) {
      const counts = [0, 0, 0]
      for (let i = 0; i < 100; i++) {
        const chosen = choice.next() as number
        counts[chosen] = (counts[chosen] ?? 0) + 1
      }
      for (const count of counts) expect(Math.abs(count - 100 / 3)).toBeLessThan(1.5)
    }
  })
})

it.each([
  ["Hello.Test:8080", "hello.test"],
  ["hello.test.", "hello.test"],
  ["[::1]:8080", "[::1]"],
  ["[::1]", "[::1]"],
  ["hello", "hello"],
])("reads the host %s as %s", (host, name) => expect(hostName(host)).toBe(name))
