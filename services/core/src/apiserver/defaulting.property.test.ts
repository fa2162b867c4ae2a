import { builtinFaces, builtinKinds } from "@wick/sdk/api"
import type { AnyObject, Kind } from "@wick/sdk/api/kind"
import { openapiSchema } from "@wick/sdk/api/openapi"
import type { JsonSchema } from "@wick/sdk/api/structural"
import { systemClock } from "@wick/sdk/clock"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { createMemoryStorage } from "#store"
import { ObjectStore } from "./object-store.ts"
import { fieldPlace, itemPlace, place, type SchemaPlace } from "./patch/schema-walk.ts"
import { ResourceRegistry } from "./resource-registry.ts"
import { builtinResource } from "./served-resource.ts"
import { strategies } from "./strategy/strategies.ts"
import { strategyOf } from "./strategy/strategy.ts"

/** Schemas hold themselves, and nothing of interest lies deeper. */
const depthMax = 7

/** An object of the schema's shape, with any of the fields that it need not have. */
function shapedBy(at: SchemaPlace, depth: number): fc.Arbitrary<unknown> {
  const { schema } = at
  if (schema.enum) return fc.constantFrom(...schema.enum)
  if (schema["x-kubernetes-int-or-string"] || schema.anyOf) return fc.constantFrom(1, "50%")
  if (schema.type === "array") return fc.array(shapedBy(itemPlace(at), depth + 1), { maxLength: depth > 4 ? 1 : 2 })
  if (schema.properties && depth < depthMax) return objectOf(at, depth)
  return scalars[String(schema.type)] ?? fc.constant({})
}

const scalars: Record<string, fc.Arbitrary<unknown>> = {
  string: fc.constantFrom("a", "1", "Always"),
  integer: fc.nat(100),
  number: fc.nat(100),
  boolean: fc.boolean(),
}

function objectOf(at: SchemaPlace, depth: number): fc.Arbitrary<unknown> {
  const { properties = {}, required = [] } = at.schema
  const fields = Object.keys(properties).filter((name) => name !== "managedFields")
  const values = fields.map((name) => {
    const value = fc.constant(null).chain(() => shapedBy(fieldPlace(at, name), depth + 1))
    const isWanted = depth < 2 ? 4 : 1
    return required.includes(name)
      ? value
      : fc.oneof({ arbitrary: fc.constant(undefined), weight: 2 }, { arbitrary: value, weight: isWanted })
  })
  return fc.tuple(...values).map((each) => {
    const pairs = fields.map((name, index) => [name, each[index]]).filter(([, value]) => value !== undefined)
    return Object.fromEntries(pairs) as unknown
  })
}

const storage = createMemoryStorage({ clock: systemClock })
const registry = new ResourceRegistry()
const known = strategies({ store: new ObjectStore(storage, systemClock), registry, serviceCidr: "10.0.0.0/16" })
const kinds: Kind[] = [...builtinKinds, ...builtinFaces.map(({ kind }) => kind as Kind)]

describe("defaults", () => {
  it.each(kinds.map((kind) => [`${kind.apiVersion} ${kind.kind}`, kind] as const))(
    "of %s are filled in once and for all",
    (_, kind) => {
      const { schema, components } = openapiSchema(kind)
      const resource = builtinResource(kind, schema as JsonSchema, components)
      const strategy = strategyOf(known, resource)
      const filled = (object: AnyObject): AnyObject => {
        const next = structuredClone(object)
        resource.compiled().default(next)
        strategy.prepareCreate?.(next, 0)
        resource.compiled().default(next)
        return next
      }
      fc.assert(
        fc.property(objectOf(place(schema, components), 0), (value) => {
          const object = { ...(value as object), apiVersion: kind.apiVersion, kind: kind.kind } as AnyObject
          const whole = { ...object, metadata: { name: "a", uid: "u", ...object.metadata } }
          const once = filled(whole as AnyObject)
          expect(filled(once)).toEqual(once)
        }),
        { numRuns: 20 },
      )
    },
  )
})
