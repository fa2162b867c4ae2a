import { describe, expect, it } from "vitest"
import { Cache, compareVersions } from "./cache.ts"

interface Item {
  metadata: { name: string; namespace?: string; resourceVersion: string }
  node?: string
}
const item = (name: string, version: number, node?: string): Item => ({
  metadata: { name, namespace: "default", resourceVersion: String(version) },
  ...(node && { node }),
})

describe("a cache", () => {
  it("tells what a put and a removal changed", () => {
    const cache = new Cache<Item>()
    expect(cache.put(item("a", 1))).toEqual({ after: item("a", 1) })
    expect(cache.put(item("a", 2))).toEqual({ before: item("a", 1), after: item("a", 2) })
    expect(cache.remove("a", "default", "3")).toEqual({ before: item("a", 2) })
    expect(cache.size).toBe(0)
  })

  it("never goes back in time", () => {
    const cache = new Cache<Item>()
    cache.put(item("a", 10))
    expect(cache.put(item("a", 9))).toBeUndefined()
    expect(cache.put(item("a", 10))).toBeUndefined()
    expect(cache.remove("a", "default", "9")).toBeUndefined()
    expect(cache.get("a", "default")).toEqual(item("a", 10))
  })

  it("becomes what a list says, and keeps what a watch has brought since", () => {
    const cache = new Cache<Item>()
    cache.put(item("gone", 3))
    cache.put(item("kept", 4))
    cache.put(item("newer", 12))
    const changes = cache.replace([item("kept", 4), item("new", 9)], "10")
    expect(changes).toEqual([{ after: item("new", 9) }, { before: item("gone", 3) }])
    expect(cache.list().map(({ metadata }) => metadata.name)).toEqual(["kept", "newer", "new"])
  })

  it("finds objects by an index, also by one declared late", () => {
    const cache = new Cache<Item>()
    cache.put(item("a", 1, "one"))
    cache.addIndex("node", ({ node }) => (node ? [node] : []))
    cache.put(item("b", 2, "one"))
    cache.put(item("a", 3, "two"))
    const names = (node: string): string[] => cache.byIndex("node", node).map(({ metadata }) => metadata.name)
    expect(names("one")).toEqual(["b"])
    expect(names("two")).toEqual(["a"])
    cache.remove("a", "default")
    expect(names("two")).toEqual([])
  })
})

describe("resource versions", () => {
  it("are compared as whole numbers of any length", () => {
    expect(compareVersions("9", "10")).toBeLessThan(0)
    expect(compareVersions("90071992547409930", "90071992547409929")).toBeGreaterThan(0)
    expect(compareVersions("7", "7")).toBe(0)
  })
})
