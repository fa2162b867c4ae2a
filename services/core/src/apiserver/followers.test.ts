import { expect, it } from "vitest"
import { Entry } from "./entry.ts"
import { Followers, type Scope } from "./followers.ts"
import type { Indexed } from "./selection.ts"
import type { ServedResource } from "./served-resource.ts"
import { CachedEvent, type SeenAs } from "./watch-cache.ts"

const entry = (name: string): Entry => {
  const [key, stored] = [`/registry/core/configmaps/default/${name}`, Buffer.from("{}")]
  const index = { namespace: "default", name, labels: {}, fields: {} }
  return new Entry({ resource: {} as ServedResource }, key, 1, { bytes: stored, stored, differs: false }, index)
}

function counting(wanted: string): { readonly scope: () => Scope; readonly asked: () => number } {
  let asked = 0
  const selection = ({ name }: Indexed): boolean => {
    asked++
    return name === wanted
  }
  return { scope: () => ({ text: ["name", wanted].join("="), selection }), asked: () => asked }
}

it("whether an event is seen is found out once for all who look at the same, in whatever order they came", () => {
  const followers = new Followers()
  const [a, b] = [counting("a"), counting("b")]
  const seen: string[] = []
  const follower = (name: string) => ({ onSeen: (_: CachedEvent, type: SeenAs) => seen.push(name + type), onLost() {} })
  for (let at = 0; at < 100; at++) {
    followers.add(a.scope(), follower("a"))
    followers.add(b.scope(), follower("b"))
  }
  followers.tell(new CachedEvent(2, undefined, entry("a")))
  expect(seen).toEqual(Array.from({ length: 100 }, () => "aADDED"))
  expect([a.asked(), b.asked()]).toEqual([1, 1])
})

it("who has left is told of nothing, and who comes again to a scope that all had left is", () => {
  const followers = new Followers()
  const { scope } = counting("a")
  const seen: number[] = []
  const follower = { onSeen: ({ revision }: CachedEvent) => seen.push(revision), onLost() {} }
  const leave = followers.add(scope(), follower)
  leave()
  followers.tell(new CachedEvent(2, undefined, entry("a")))
  followers.add(scope(), follower)
  leave()
  expect(followers.all()).toEqual([follower])
  followers.tell(new CachedEvent(3, entry("a"), undefined))
  expect(seen).toEqual([3])
})
