import { describe, expect, it } from "vitest"
import { Cache, type CachedObject } from "./cache.ts"
import { byField, byLabel, byNamespace, byOwner } from "./indexes.ts"

interface Item extends CachedObject {
  readonly spec?: { readonly nodeName?: string }
}

const owner = (uid: string) => ({ apiVersion: "v1", kind: "Pod", name: "any", uid })
const item = (name: string, resourceVersion: string, rest: object = {}, spec: Item["spec"] = {}): Item => ({
  metadata: { name, namespace: "a", resourceVersion, ...rest },
  spec,
})

function indexed(...items: Item[]): Cache<Item> {
  const cache = new Cache<Item>()
  cache.addIndex("namespace", byNamespace)
  cache.addIndex("owner", byOwner)
  cache.addIndex("app", byLabel("app"))
  cache.addIndex("node", byField("spec.nodeName"))
  for (const each of items) cache.put(each)
  return cache
}

describe("an index", () => {
  it("finds objects by namespace, owner, label and field", () => {
    const one = item("one", "1", { labels: { app: "web" }, ownerReferences: [owner("u1"), owner("u2")] })
    const two = item("two", "2", { namespace: "b" }, { nodeName: "n" })
    const cache = indexed(one, two)
    expect(cache.byIndex("namespace", "b")).toEqual([two])
    expect(cache.byIndex("owner", "u2")).toEqual([one])
    expect(cache.byIndex("app", "web")).toEqual([one])
    expect(cache.byIndex("app", "")).toEqual([])
    expect(cache.byIndex("node", "n")).toEqual([two])
    expect(cache.byIndex("node", "")).toEqual([one])
  })

  it("follows an object that changes, and forgets one that goes", () => {
    const cache = indexed(item("one", "1", { labels: { app: "web" } }))
    const moved = item("one", "2", { labels: { app: "api" } })
    cache.put(moved)
    expect([cache.byIndex("app", "web"), cache.byIndex("app", "api")]).toEqual([[], [moved]])
    cache.remove("one", "a", "3")
    expect(cache.byIndex("app", "api")).toEqual([])
  })
})
