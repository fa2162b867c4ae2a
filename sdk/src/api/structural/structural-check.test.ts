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
      mistakes: [
        's.type: Invalid value: "array": must be object at the root',
        "s.items: Required value: must be specified",
      ],
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
    {
      name: "uses each extension where it fits",
      schema: {
        type: "object",
        properties: {
          a: { type: "string", "x-kubernetes-list-type": "set" },
          b: { type: "array", items: { type: "string" }, "x-kubernetes-map-type": "flat" },
          c: { type: "object", "x-kubernetes-embedded-resource": true },
          d: { type: "string", "x-kubernetes-int-or-string": true },
          e: { type: "object", "x-kubernetes-preserve-unknown-fields": false },
          metadata: { type: "object", properties: { labels: { type: "object" } } },
        },
      },
      mistakes: [
        's.properties[a].type: Invalid value: "string": must be array if x-kubernetes-list-type is specified',
        's.properties[b].type: Invalid value: "array": must be object if x-kubernetes-map-type is specified',
        's.properties[b].x-kubernetes-map-type: Unsupported value: "flat": supported values: "granular", "atomic"',
        "s.properties[c].properties: Required value: must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields",
        's.properties[d].type: Invalid value: "string": must be empty if x-kubernetes-int-or-string is true',
        "s.properties[e].x-kubernetes-preserve-unknown-fields: Invalid value: false: must be true or undefined",
        "s.properties[metadata]: Forbidden: must not specify anything other than name and generateName, but metadata is implicitly specified",
      ],
    },
    {
      name: "has lists whose items can be told apart",
      schema: {
        type: "object",
        properties: {
          a: {
            type: "array",
            "x-kubernetes-list-type": "map",
            "x-kubernetes-list-map-keys": ["k", "o"],
            items: {
              type: "object",
              properties: { k: { type: "string" }, o: { type: "object" } },
              required: ["o"],
            },
          },
          b: { type: "array", "x-kubernetes-list-type": "set", items: { type: "object" } },
          c: { type: "array", "x-kubernetes-list-type": "set", items: { type: "string", nullable: true } },
        },
      },
      mistakes: [
        "s.properties[a].items.properties[k].default: Required value: this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property",
        's.properties[a].items.properties[o].type: Invalid value: "object": must be a scalar type if parent array\'s x-kubernetes-list-type is map',
        "s.properties[b].items.x-kubernetes-map-type: Required value: must be atomic as item of a list with x-kubernetes-list-type=set",
        "s.properties[c].items.nullable: Forbidden: cannot be nullable when x-kubernetes-list-type is set",
      ],
    },
  ])("$name", ({ schema, mistakes }) => expect(says(schema)).toEqual(mistakes))

  it.each(servingKinds.map((kind) => ({ kind, name: kind.kind })))("is what $name has", ({ kind }) => {
    for (const version of crd(kind).spec.versions) {
      expect(checkStructural(version.schema?.openAPIV3Schema, "s")).toEqual([])
    }
  })
})
