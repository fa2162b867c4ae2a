import { describe, expect, it } from "vitest"
import { crd } from "../crd.ts"
import { describeFieldError } from "../meta/field-error.ts"
import { servingKinds } from "../serving-kinds.ts"
import { checkStructural } from "./structural-check.ts"

const says = (schema: unknown): string[] => checkStructural(schema, "s").map(describeFieldError)
const field = (schema: unknown): unknown => ({ type: "object", properties: { a: schema } })

describe("a structural schema", () => {
  it.each<{ name: string; schema: unknown; mistakes: string[] }>([
    {
      name: "says the type of everything",
      schema: {
        properties: { a: {}, b: { type: "array", items: {} }, c: { type: "object", additionalProperties: {} } },
      },
      mistakes: [
        "s.type: Required value: must not be empty at the root",
        "s.properties[a].type: Required value: must not be empty for specified object fields",
        "s.properties[b].items.type: Required value: must not be empty for specified array items",
        "s.properties[c].additionalProperties.type: Required value: must not be empty for specified object additionalProperties",
      ],
    },
    {
      name: "may leave it open where anything goes",
      schema: {
        type: "object",
        properties: { a: { "x-kubernetes-int-or-string": true }, b: { "x-kubernetes-preserve-unknown-fields": true } },
      },
      mistakes: [],
    },
    {
      name: "describes an object",
      schema: { type: "array" },
      mistakes: ['s.type: Invalid value: "array": must be object at the root'],
    },
    {
      name: "knows only the types that there are",
      schema: field({ type: "float" }),
      mistakes: [
        's.properties[a].type: Unsupported value: "float": supported values: "object", "array", "string", "integer", "number", "boolean"',
      ],
    },
    {
      name: "refers to nothing and closes nothing",
      schema: field({ type: "object", $ref: "#/x", additionalProperties: false }),
      mistakes: [
        "s.properties[a].$ref: Forbidden: $ref is not supported",
        "s.properties[a].additionalProperties: Forbidden: additionalProperties cannot be set to false",
      ],
    },
    {
      name: "says its shape outside of what judges it",
      schema: field({ type: "string", anyOf: [{ default: "x" }, { not: { nullable: true } }] }),
      mistakes: [
        "s.properties[a].anyOf[0].default: Forbidden: must be empty to be structural",
        "s.properties[a].anyOf[1].not.nullable: Forbidden: must be empty to be structural",
      ],
    },
    {
      name: "has patterns that are expressions",
      schema: field({ type: "string", pattern: "(" }),
      mistakes: ['s.properties[a].pattern: Invalid value: "(": must be a valid regular expression, but isn\'t'],
    },
    {
      name: "has lists whose keys are there",
      schema: field({
        type: "array",
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["port"],
        items: { type: "object", properties: {} },
      }),
      mistakes: [
        's.properties[a].x-kubernetes-list-map-keys[0]: Invalid value: "port": entries must all be names of item properties',
      ],
    },
    {
      name: "has defaults that it takes itself",
      schema: field({ type: "integer", default: "one" }),
      mistakes: [
        's.properties[a].default: Invalid value: "string": s.properties[a].default in body must be of type integer: "string"',
      ],
    },
    {
      name: "is a schema",
      schema: field("string"),
      mistakes: ['s.properties[a]: Invalid value: "string": must be a schema object'],
    },
  ])("$name", ({ schema, mistakes }) => expect(says(schema)).toEqual(mistakes))

  it.each(servingKinds.map((kind) => ({ kind, name: kind.kind })))("is what $name has", ({ kind }) => {
    for (const version of crd(kind).spec.versions) {
      expect(checkStructural(version.schema?.openAPIV3Schema, "s")).toEqual([])
    }
  })
})
