import { describe, expect, it } from "vitest"
import type { AnyObject } from "../api/kind.ts"
import { StatusError } from "../api/meta/status-error.ts"
import { SharedObject } from "../client/shared-objects.ts"
import { Cache, compareVersions } from "./cache.ts"

interface Item {
  metadata: { name: string; namespace?: string; resourceVersion: string }
  node?: string
}
const item = (name: string, version: number, node?: string): Item => ({
  metadata: { name, namespace: "default", resourceVersion: String(version) },
  ...(node && { node }),
})

/** Shared, and forgotten by its server once `expire` was called. */
class Forgettable extends SharedObject {
  readonly namespace = "default"
  readonly name: string
  readonly resourceVersion: string
  readonly #item: Item
  #isForgotten = false

  constructor(item: Item) {
    super()
    this.#item = item
    this.name = item.metadata.name
    this.resourceVersion = item.metadata.resourceVersion
  }

  expire(): void {
    this.#isForgotten = true
  }

  object(): AnyObject {
    if (this.#isForgotten) throw new StatusError("Expired", "too old resource version")
    return this.#item as unknown as AnyObject
  }

  remains(): AnyObject {
    return { metadata: this.#item.metadata } as unknown as AnyObject
  }
}

describe("a cache", () => {
  it.for([
    ["of its own", (one: Item) => one],
    ["that a server shares", (one: Item) => new Forgettable(one)],
  ] as const)("has objects %s that no test can write to, however deep", ([, held]) => {
    const cache = new Cache<Item>()
    const seen: unknown[] = []
    cache.addIndex("node", (one) => {
      seen.push(one)
      return []
    })
    cache.put(held(item("a", 1, "one")))
    const got = cache.get("a", "default") as Item
    expect(seen).toEqual([got])
    expect(() => Object.assign(got, { node: "two" })).toThrow("Cannot assign to read only property 'node'")
    expect(() => Object.assign(got.metadata, { labels: {} })).toThrow("Cannot add property labels")
    expect(cache.list()).toEqual([item("a", 1, "one")])
  })

  it("takes the next version of a shared object, and its end, when the last one has expired", () => {
    const cache = new Cache<Item>()
    cache.addIndex("node", ({ node }) => (node === undefined ? [] : [node]))
    const [first, second, other] = [item("a", 1, "one"), item("a", 2, "two"), item("b", 1, "one")]
    const [shared, next] = [new Forgettable(first), new Forgettable(second)]
    cache.put(shared)
    cache.put(new Forgettable(other))
    shared.expire()
    const change = cache.put(next)
    expect(change?.before).toEqual({ metadata: first.metadata })
    expect(change?.after).toEqual(second)
    expect(cache.byIndex("node", "one")).toEqual([other])
    next.expire()
    expect(cache.remove("a", "default", "3")?.before).toEqual({ metadata: second.metadata })
    expect(cache.byIndex("node", "two")).toEqual([])
    expect(cache.list()).toEqual([other])
  })

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
