import type { AnyObject } from "@wick/sdk/api"
import { Deployment } from "@wick/sdk/api"
import { openapiSchema } from "@wick/sdk/api/openapi"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { type FieldSet, fieldsOf, has, membersOf, setOf, union, without } from "./field-set.ts"
import { applyJsonPatch } from "./json-patch.ts"
import { applyMergePatch } from "./merge-patch.ts"
import { place } from "./schema-walk.ts"
import { type Applier, applyServerSide, trackUpdate } from "./server-side-apply.ts"
import { applyStrategicMerge } from "./strategic-merge.ts"

const { schema, components } = openapiSchema(Deployment)
const at = place(schema, components)
const by = (manager: string, force = false): Applier => ({
  manager,
  force,
  apiVersion: "apps/v1",
  time: "2026-01-01T00:00:00Z",
  subresource: "",
})

const container = fc.record(
  { name: fc.constantFrom("a", "b", "c"), image: fc.constantFrom("1", "2"), tty: fc.boolean() },
  { requiredKeys: ["name"] },
)
const words = fc.dictionary(fc.constantFrom("x", "y", "z"), fc.constantFrom("1", "2"), { maxKeys: 3 })
const wish = fc
  .record({
    replicas: fc.option(fc.nat(3), { nil: undefined }),
    labels: words,
    containers: fc.uniqueArray(container, { selector: ({ name }) => name, minLength: 1, maxLength: 3 }),
  })
  .map(
    ({ replicas, labels, containers }): AnyObject => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "d", labels },
      spec: { ...(replicas !== undefined && { replicas }), template: { spec: { containers } } },
    }),
  )

const fields = ({ metadata: { managedFields: _, ...metadata }, ...rest }: AnyObject): object => ({ ...rest, metadata })
const ownedParts = (object: AnyObject): FieldSet =>
  fieldsOf({ spec: object.spec, metadata: { labels: object.metadata.labels } }, at)

describe("server-side apply", () => {
  it("twice is the same as once", () => {
    fc.assert(
      fc.property(wish, wish, (first, second) => {
        const live = applyServerSide(undefined, first, at, by("other"))
        const once = applyServerSide(live, second, at, by("me", true))
        expect(applyServerSide(once, second, at, by("me"))).toEqual(once)
      }),
    )
  })

  it("by one manager alone leaves exactly what it said last", () => {
    fc.assert(
      fc.property(wish, wish, (first, second) => {
        const live = applyServerSide(undefined, first, at, by("me"))
        const after = applyServerSide(live, second, at, by("me"))
        expect(membersOf(ownedParts(after)).toSorted()).toEqual(membersOf(ownedParts(second)).toSorted())
      }),
    )
  })

  it("never takes what another owns unless it is forced, and then owns it alone", () => {
    fc.assert(
      fc.property(fc.nat(3), fc.nat(3), (mine, theirs) => {
        const replicas = (count: number): AnyObject => ({
          apiVersion: "apps/v1",
          kind: "Deployment",
          metadata: { name: "d" },
          spec: { replicas: count },
        })
        const live = applyServerSide(undefined, replicas(theirs), at, by("they"))
        const take = (force: boolean) => applyServerSide(live, replicas(mine), at, by("me", force))
        if (mine === theirs) {
          expect(take(false).metadata.managedFields).toHaveLength(2)
          return
        }
        expect(() => take(false)).toThrow('conflict with "they": .spec.replicas')
        expect(take(true).metadata.managedFields?.map(({ manager }) => manager)).toEqual(["me"])
      }),
    )
  })

  it("gives way to a later update of another kind, whose field is then its own", () => {
    const apply = (replicas: number): AnyObject => ({
      apiVersion: "apps/v1",
      kind: "Deployment",
      metadata: { name: "d" },
      spec: { replicas },
    })
    const live = applyServerSide(undefined, apply(1), at, by("me"))
    const scaled = trackUpdate(live, { ...live, spec: { replicas: 5 } }, at, by("scaler"))
    expect(() => applyServerSide(scaled, apply(1), at, by("me"))).toThrow('conflict with "scaler": .spec.replicas')
  })
})

describe("a field set", () => {
  const paths = fc.array(
    fc.array(fc.constantFrom("f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'), { minLength: 1, maxLength: 4 }),
    { maxLength: 6 },
  )

  it("has what was put in, and not what was taken out", () => {
    fc.assert(
      fc.property(paths, (members) => {
        const set = setOf(members)
        for (const path of members) expect(has(set, path)).toBe(true)
        expect(membersOf(without(set, membersOf(set)))).toEqual([])
      }),
    )
  })

  it("joined with itself, or with nothing, is itself", () => {
    fc.assert(
      fc.property(paths, (members) => {
        const set = setOf(membersOf(setOf(members)))
        expect(union(set, set)).toEqual(set)
        expect(union(set, {})).toEqual(set)
      }),
    )
  })
})

describe("a strategic merge", () => {
  it("with what is there already changes nothing", () => {
    fc.assert(
      fc.property(wish, (object) => {
        expect(fields(applyStrategicMerge(object, structuredClone(object), at) as AnyObject)).toEqual(fields(object))
      }),
    )
  })

  it("of containers keeps those that it does not name", () => {
    fc.assert(
      fc.property(wish, wish, (target, patch) => {
        const names = (object: unknown): string[] =>
          (
            object as { spec: { template: { spec: { containers: { name: string }[] } } } }
          ).spec.template.spec.containers.map(({ name }) => name)
        const merged = names(applyStrategicMerge(target, patch, at))
        expect(new Set(merged)).toEqual(new Set([...names(target), ...names(patch)]))
        expect(merged.slice(0, names(target).length)).toEqual(names(target))
      }),
    )
  })

  it("deletes, replaces and orders by its directives", () => {
    const target = { spec: { template: { spec: { containers: [{ name: "a" }, { name: "b" }] } } } }
    const containers = (patch: object): unknown =>
      applyStrategicMerge(target, { spec: { template: { spec: patch } } }, at)
    expect(containers({ containers: [{ name: "a", $patch: "delete" }] })).toMatchObject({
      spec: { template: { spec: { containers: [{ name: "b" }] } } },
    })
    expect(containers({ containers: [{ $patch: "replace" }, { name: "c" }] })).toMatchObject({
      spec: { template: { spec: { containers: [{ name: "c" }] } } },
    })
    const ordered = { "$setElementOrder/containers": [{ name: "b" }, { name: "a" }], containers: [] }
    expect(containers(ordered)).toMatchObject({
      spec: { template: { spec: { containers: [{ name: "b" }, { name: "a" }] } } },
    })
  })
})

describe("a merge patch", () => {
  it("applied twice is the same as once, and leaves what it was given alone", () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (target, patch) => {
        const before = structuredClone(target)
        const once = applyMergePatch(target, patch)
        expect(applyMergePatch(once, patch)).toEqual(once)
        expect(target).toEqual(before)
      }),
    )
  })
})

describe("a JSON patch", () => {
  it("that adds and removes again leaves the document as it was, and reaches no prototype", () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.string(), fc.jsonValue(), (document, key, value) => {
        fc.pre(!Object.hasOwn(document, key))
        const path = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`
        const added = applyJsonPatch(document, [{ op: "add", path, value }])
        expect(Object.hasOwn(added as object, key)).toBe(true)
        expect(applyJsonPatch(added, [{ op: "remove", path }])).toEqual(document)
        expect(Object.getPrototypeOf({})).toBe(Object.prototype)
      }),
    )
  })

  it("is done whole or not at all", () => {
    const document = { a: 1 }
    const patch = [
      { op: "replace", path: "/a", value: 2 },
      { op: "test", path: "/a", value: 3 },
    ]
    expect(() => applyJsonPatch(document, patch)).toThrow("operation 1 (test /a): testing value failed")
    expect(document).toEqual({ a: 1 })
  })
})
