import type { AnyObject } from "@wick/sdk/api"
import { Deployment } from "@wick/sdk/api"
import { openapiSchema } from "@wick/sdk/api/openapi"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { difference, type FieldSet, intersection, membersOf, readFieldSet, setOf, union } from "./field-set.ts"
import { fieldsOf } from "./fields-of.ts"
import { applyJsonPatch } from "./json-patch.ts"
import { compareParts, entriesOf, ownersAfter, ownersOf } from "./managed-fields.ts"
import { applyMergePatch } from "./merge-patch.ts"
import { objectPlace } from "./schema-walk.ts"
import { type Applier, applyServerSide } from "./server-side-apply.ts"
import { applyStrategicMerge } from "./strategic-merge.ts"

const { schema, components } = openapiSchema(Deployment)
const at = objectPlace(schema, components)
const kind = { at, custom: false, status: true }
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
const ownedParts = (object: AnyObject): FieldSet | undefined =>
  fieldsOf({ spec: object.spec, metadata: { labels: object.metadata.labels } }, at)
const ownedBy = (object: AnyObject, manager: string): FieldSet | undefined =>
  ownersOf(object.metadata.managedFields).find((owner) => owner.manager === manager)?.fields
const updatedBy = (manager: string, live: AnyObject | undefined, next: AnyObject): AnyObject => {
  const owners = ownersAfter(ownersOf(live?.metadata.managedFields), compareParts(live, next, kind, ""), by(manager))
  return { ...next, metadata: { ...next.metadata, managedFields: entriesOf(owners) ?? [] } }
}
const said = (object: AnyObject): FieldSet | undefined => {
  const { name: _, managedFields: __, ...metadata } = object.metadata
  return fieldsOf({ spec: object.spec, ...(Object.keys(metadata).length > 0 && { metadata }) }, at)
}

/** Wishes that have no field in common. */
const apart = fc
  .record({ replicas: fc.nat(3), label: fc.constantFrom("1", "2"), image: fc.constantFrom("1", "2") })
  .map(({ replicas, label, image }): AnyObject[] => {
    const head = { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "d" } }
    const containers = (...items: object[]): object => ({ template: { spec: { containers: items } } })
    return [
      { ...head, spec: { replicas } },
      { ...head, metadata: { name: "d", labels: { x: label } } },
      { ...head, metadata: { name: "d", labels: { y: label }, finalizers: ["a.test/y"] } },
      { ...head, spec: containers({ name: "a", image }) },
      { ...head, spec: containers({ name: "b", image, env: [{ name: "e", value: label }] }) },
    ]
  })

describe("server-side apply", () => {
  it("twice is the same as once", () => {
    fc.assert(
      fc.property(wish, wish, (first, second) => {
        const live = applyServerSide(undefined, first, kind, by("other"))
        const once = applyServerSide(live, second, kind, by("me", true))
        expect(applyServerSide(once, second, kind, by("me"))).toEqual(once)
      }),
    )
  })

  it("by one manager alone leaves exactly what it said last", () => {
    fc.assert(
      fc.property(wish, wish, (first, second) => {
        const live = applyServerSide(undefined, first, kind, by("me"))
        const after = applyServerSide(live, second, kind, by("me"))
        expect(membersOf(ownedParts(after))).toEqual(membersOf(ownedParts(second)))
        expect(ownedBy(after, "me")).toEqual(said(second))
      }),
    )
  })

  it("by managers who say nothing in common gives the same in any order, and each owns exactly what he said", () => {
    fc.assert(
      fc.property(apart, fc.shuffledSubarray([0, 1, 2, 3, 4], { minLength: 5 }), (wishes, order) => {
        const all = (indexes: readonly number[]): AnyObject =>
          indexes.reduce<AnyObject | undefined>(
            (live, index) => applyServerSide(live, structuredClone(wishes[index] as AnyObject), kind, by(`m${index}`)),
            undefined,
          ) as AnyObject
        const one = all(order)
        for (const [index, each] of wishes.entries()) expect(ownedBy(one, `m${index}`)).toEqual(said(each))
        const other = all([0, 1, 2, 3, 4])
        expect(one.metadata.managedFields).toEqual(other.metadata.managedFields)
        expect(membersOf(ownedParts(one))).toEqual(membersOf(ownedParts(other)))
      }),
    )
  })

  it("leaves every field that is there with an owner, whoever applied and updated before", () => {
    // A map from which the last entry went says nothing any more, and belongs to nobody.
    const labelled = wish.filter(({ metadata }) => Object.keys(metadata.labels ?? {}).length > 0)
    const step = fc.record({ object: labelled, manager: fc.constantFrom("a", "b", "c"), applies: fc.boolean() })
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 5 }), (steps) => {
        let live: AnyObject | undefined
        for (const { object, manager, applies } of steps) {
          live = applies ? applyServerSide(live, object, kind, by(manager, true)) : updatedBy(manager, live, object)
        }
        const owned = ownersOf(live?.metadata.managedFields)
          .map((owner) => owner.fields)
          .reduce<FieldSet | undefined>(union, undefined)
        expect(membersOf(difference(said(live as AnyObject), owned))).toEqual([])
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
        const live = applyServerSide(undefined, replicas(theirs), kind, by("they"))
        const take = (force: boolean) => applyServerSide(live, replicas(mine), kind, by("me", force))
        if (mine === theirs) {
          expect(take(false).metadata.managedFields).toHaveLength(2)
          return
        }
        expect(() => take(false)).toThrow('Apply failed with 1 conflict: conflict with "they": .spec.replicas')
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
    const live = applyServerSide(undefined, apply(1), kind, by("me"))
    const scaled = updatedBy("scaler", live, { ...live, spec: { replicas: 5 } })
    expect(() => applyServerSide(scaled, apply(1), kind, by("me"))).toThrow(
      'conflict with "scaler" using apps/v1: .spec.replicas',
    )
  })
})

describe("a field set", () => {
  const paths = fc.array(
    fc.array(fc.constantFrom("f:a", "f:b", 'k:{"name":"x"}', 'v:"y"'), { minLength: 1, maxLength: 4 }),
    { maxLength: 6 },
  )
  const texts = (set: FieldSet | undefined): string[] =>
    membersOf(set)
      .map((path) => path.join())
      .toSorted()

  it("has what was put in, and nothing else, also when it was written and read", () => {
    fc.assert(
      fc.property(paths, (members) => {
        const set = setOf(members)
        expect(texts(set)).toEqual([...new Set(members.map((path) => path.join()))].toSorted())
        if (set) expect(readFieldSet(JSON.parse(JSON.stringify(set)))).toEqual(set)
      }),
    )
  })

  it("is joined, cut and lessened as any set is", () => {
    fc.assert(
      fc.property(paths, paths, (left, right) => {
        const [a, b] = [setOf(left), setOf(right)]
        const [inA, inB] = [new Set(texts(a)), new Set(texts(b))]
        expect(texts(union(a, b))).toEqual([...inA.union(inB)].toSorted())
        expect(texts(intersection(a, b))).toEqual([...inA.intersection(inB)].toSorted())
        expect(texts(difference(a, b))).toEqual([...inA.difference(inB)].toSorted())
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
