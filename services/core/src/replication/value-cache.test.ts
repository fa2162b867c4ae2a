import { expect, it } from "vitest"
import type { Version } from "#store"
import { ValueCache } from "./value-cache.ts"

const versionOf = (modRevision: number): Version => ({ modRevision, sub: 0, createRevision: 2, version: 1, lease: 0 })

it("holds so many bytes, and what was read first goes first", () => {
  const cache = new ValueCache(1_000)
  const versions = Array.from({ length: 50 }, (_, at) => versionOf(2 + at))
  for (const [at, version] of versions.entries()) {
    cache.add(version, Buffer.alloc(100, at))
    const held = versions.filter(({ cached }) => cached !== undefined)
    expect(held).toEqual(versions.slice(Math.max(0, at - 4), at + 1)) // five of two hundred bytes with what they cost
  }
  expect(versions.at(-1)?.cached).toEqual(Buffer.alloc(100, 49))
})

it("does not hold a value that is larger than all of it", () => {
  const cache = new ValueCache(1_000)
  const [small, large] = [versionOf(2), versionOf(3)]
  cache.add(small, Buffer.alloc(100))
  cache.add(large, Buffer.alloc(2_000))
  expect([small.cached, large.cached]).toEqual([undefined, undefined])
})
