import { describe, expect, it } from "vitest"
import { describeFieldError } from "../meta/field-error.ts"
import { type Components, compileSchema, type JsonSchema, SchemaError } from "./index.ts"

const spec = (schema: JsonSchema): JsonSchema => ({ type: "object", properties: { spec: schema } })

function messages(schema: JsonSchema, value: unknown, components: Components = {}): string[] {
  return compileSchema(spec(schema), components).validate({ spec: value }).map(describeFieldError)
}

describe("structural schema: validation", () => {
  const fields = (properties: Record<string, JsonSchema>): JsonSchema => ({ type: "object", properties })
  const keyed: JsonSchema = {
    type: "array",
    items: { type: "object" },
    "x-kubernetes-list-type": "map",
    "x-kubernetes-list-map-keys": ["port", "protocol"],
  }
  it.each<{ name: string; schema: JsonSchema; value: unknown; says: string[] }>([
    {
      name: "says which type was wanted and which was found",
      schema: fields({ replicas: { type: "integer" } }),
      value: { replicas: "three" },
      says: ['spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string"'],
    },
    {
      name: "takes a whole number for a number, but not a fraction for an integer",
      schema: fields({ a: { type: "number" }, b: { type: "integer" } }),
      value: { a: 1, b: 1.5 },
      says: ['spec.b: Invalid value: "number": spec.b in body must be of type integer: "number"'],
    },
    {
      name: "names every missing field",
      schema: { ...fields({ a: { type: "string" } }), required: ["a", "b"] },
      value: {},
      says: ["spec.a: Required value", "spec.b: Required value"],
    },
    {
      name: "lists what an enum allows",
      schema: { type: "string", enum: ["Always", "Never"] },
      value: "Sometimes",
      says: ['spec: Unsupported value: "Sometimes": supported values: "Always", "Never"'],
    },
    {
      name: "holds bounds of numbers, inclusive and exclusive, of both dialects",
      schema: {
        type: "array",
        items: { type: "integer", minimum: 0, maximum: 10, exclusiveMaximum: true, exclusiveMinimum: -1 },
      },
      value: [-1, 0, 10],
      says: [
        "spec[0]: Invalid value: -1: spec[0] in body should be greater than or equal to 0",
        "spec[0]: Invalid value: -1: spec[0] in body should be greater than -1",
        "spec[2]: Invalid value: 10: spec[2] in body should be less than 10",
      ],
    },
    {
      name: "counts characters, not UTF-16 units",
      schema: { type: "string", minLength: 2, maxLength: 2 },
      value: "🔥🔥",
      says: [],
    },
    {
      name: "says how long is too long, without the value",
      schema: { type: "string", maxLength: 3 },
      value: "four",
      says: ["spec: Too long: may not be more than 3 bytes"],
    },
    {
      name: "shows the pattern",
      schema: { type: "string", pattern: "^[a-z]+$" },
      value: "A1",
      says: ["spec: Invalid value: \"A1\": spec in body should match '^[a-z]+$'"],
    },
    {
      name: "matches in linear time what would keep a backtracking matcher busy for ever",
      schema: { type: "string", pattern: "^(a+)+$" },
      value: `${"a".repeat(64)}!`,
      says: [`spec: Invalid value: "${"a".repeat(64)}!": spec in body should match '^(a+)+$'`],
    },
    {
      name: "understands Go's named groups and case flag",
      schema: { type: "string", pattern: "(?i)^(?P<word>wick)$" },
      value: "WICK",
      says: [],
    },
    {
      name: "checks a known format and passes over an unknown one",
      schema: fields({ at: { type: "string", format: "date-time" }, zip: { type: "string", format: "zip-code" } }),
      value: { at: "yesterday", zip: "?" },
      says: ['spec.at: Invalid value: "yesterday": spec.at in body must be of type date-time: "yesterday"'],
    },
    {
      name: "refuses a number that an int32 cannot hold",
      schema: { type: "integer", format: "int32" },
      value: 3_000_000_000,
      says: ['spec: Invalid value: 3000000000: spec in body must be of type int32: "3000000000"'],
    },
    {
      name: "takes multiples of a decimal fraction as exact",
      schema: { type: "array", items: { type: "number", multipleOf: 0.1 } },
      value: [0.3, 0.35],
      says: ["spec[1]: Invalid value: 0.35: spec[1] in body should be a multiple of 0.1"],
    },
    {
      name: "counts items and fields",
      schema: fields({ list: { type: "array", maxItems: 1 }, map: { type: "object", maxProperties: 1 } }),
      value: { list: [1, 2], map: { a: 1, b: 2 } },
      says: ["spec.list: Too many: 2: must have at most 1 items", "spec.map: Too many: 2: must have at most 1 items"],
    },
    {
      name: "refuses a repeat in a set",
      schema: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
      value: ["a", "b", "a"],
      says: ['spec[2]: Duplicate value: "a"'],
    },
    {
      name: "refuses two items of one key in a map list",
      schema: keyed,
      value: [{ port: 80, protocol: "TCP" }, { port: 80 }, { protocol: "TCP", port: 80, name: "again" }],
      says: ['spec[2]: Duplicate value: {"port":80,"protocol":"TCP"}'],
    },
    {
      name: "takes an integer or a string, and nothing else",
      schema: { type: "array", items: { "x-kubernetes-int-or-string": true } },
      value: [1, "10%", true],
      says: ['spec[2]: Invalid value: "boolean": spec[2] in body must be of type integer,string: "boolean"'],
    },
    { name: "takes null where it is allowed", schema: { type: "string", nullable: true }, value: null, says: [] },
    {
      name: "does not take null elsewhere",
      schema: { type: "string" },
      value: null,
      says: ['spec: Invalid value: "null": spec in body must be of type string: "null"'],
    },
    {
      name: "wants the type of an embedded resource",
      schema: { type: "object", "x-kubernetes-embedded-resource": true },
      value: { kind: "Pod" },
      says: ["spec.apiVersion: Required value: must not be empty"],
    },
    {
      name: "wants exactly one of several, and says what the nearest one lacks",
      schema: { type: "object", oneOf: [{ required: ["a"] }, { required: ["b", "c"] }] },
      value: {},
      says: [
        'spec: Invalid value: "": "spec" must validate one and only one schema (oneOf). Found none valid',
        "spec.a: Required value",
      ],
    },
    {
      name: "says when more than one of several holds",
      schema: { type: "integer", oneOf: [{ minimum: 1 }, { minimum: 2 }] },
      value: 2,
      says: [
        'spec: Invalid value: 2: "spec" must validate one and only one schema (oneOf). Found 2 valid alternatives',
      ],
    },
    {
      name: "wants at least one of several, all of all, and none of what must not be",
      schema: {
        type: "integer",
        allOf: [{ maximum: 5 }],
        anyOf: [{ minimum: 8 }],
        not: { enum: [6] },
      },
      value: 6,
      says: [
        "spec: Invalid value: 6: spec in body should be less than or equal to 5",
        'spec: Invalid value: 6: "spec" must validate at least one schema (anyOf)',
        "spec: Invalid value: 6: spec in body should be greater than or equal to 8",
        'spec: Invalid value: 6: "spec" must not validate the schema (not)',
      ],
    },
    {
      name: "validates the values of a map",
      schema: { type: "object", additionalProperties: { type: "string" } },
      value: { a: "b", "x.io/y": 1 },
      says: ['spec[x.io/y]: Invalid value: "integer": spec[x.io/y] in body must be of type string: "integer"'],
    },
  ])("$name", ({ schema, value, says }) => expect(messages(schema, value)).toEqual(says))

  it("refuses a schema whose pattern is no expression or whose reference leads nowhere", () => {
    expect(() => compileSchema(spec({ type: "string", pattern: "(" }))).toThrow(SchemaError)
    expect(() => compileSchema(spec({ $ref: "#/components/schemas/Nowhere" }))).toThrow(SchemaError)
    const circle: Components = { A: { $ref: "#/components/schemas/A" } }
    expect(() => compileSchema(spec({ $ref: "#/components/schemas/A" }), circle)).toThrow(SchemaError)
  })
})

describe("structural schema: references", () => {
  const components: Components = {
    Port: {
      type: "object",
      required: ["port"],
      properties: { port: { type: "integer" }, protocol: { type: "string", default: "TCP" } },
    },
    Tree: {
      type: "object",
      properties: {
        name: { type: "string" },
        children: { type: "array", items: { $ref: "#/components/schemas/Tree" } },
      },
    },
  }
  const port: JsonSchema = { $ref: "#/components/schemas/Port" }

  it("takes the shape of what is referred to, also through an allOf of one and beside other keywords", () => {
    const schema = compileSchema(
      spec({ type: "object", properties: { a: port, b: { default: { port: 1 }, allOf: [port] } } }),
      components,
    )
    const object = { spec: { a: { port: 80, colour: "red" } } }
    expect(schema.prune(object)).toEqual(["spec.a.colour"])
    schema.default(object)
    expect(object).toEqual({ spec: { a: { port: 80, protocol: "TCP" }, b: { port: 1, protocol: "TCP" } } })
  })

  it("walks a type that contains itself", () => {
    const schema = compileSchema(spec({ $ref: "#/components/schemas/Tree" }), components)
    const object = { spec: { name: "a", children: [{ name: "b", children: [{ leaf: 1 }, { name: 7 }] }] } }
    expect(schema.prune(object)).toEqual(["spec.children[0].children[0].leaf"])
    expect(schema.validate(object).map((error) => error.field)).toEqual(["spec.children[0].children[1].name"])
  })
})

describe("structural schema: pruning", () => {
  const prune = (schema: JsonSchema, object: Record<string, unknown>): [string[], unknown] => {
    const removed = compileSchema(schema).prune(object)
    return [removed, object]
  }

  it("keeps apiVersion, kind and metadata of the object itself", () => {
    const object = { apiVersion: "v1", kind: "X", metadata: { name: "x", labels: { a: "b" } }, more: 1 }
    expect(prune({ type: "object" }, object)[0]).toEqual(["more"])
    expect(object.metadata).toEqual({ name: "x", labels: { a: "b" } })
  })

  it("prunes metadata by ObjectMeta where the components have it", () => {
    const components: Components = {
      "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta": { type: "object", properties: { name: { type: "string" } } },
    }
    const narrowed: JsonSchema = {
      type: "object",
      properties: { metadata: { type: "object", properties: { name: { type: "string", maxLength: 2 } } } },
    }
    const schema = compileSchema(narrowed, components)
    const object = { metadata: { name: "abc", colour: "red" } }
    expect(schema.prune(object)).toEqual(["metadata.colour"])
    expect(schema.validate(object).map(describeFieldError)).toEqual([
      "metadata.name: Too long: may not be more than 2 bytes",
    ])
  })

  it("keeps unknown fields where they are to be preserved, and prunes again below a known one", () => {
    const schema = spec({
      type: "object",
      "x-kubernetes-preserve-unknown-fields": true,
      properties: { known: { type: "object", properties: {} } },
    })
    const object = { spec: { unknown: { deep: 1 }, known: { other: 2 } } }
    expect(prune(schema, object)).toEqual([["spec.known.other"], { spec: { unknown: { deep: 1 }, known: {} } }])
  })

  it("keeps all below a field of any type", () => {
    const object = { spec: { any: { deep: [{ a: 1 }] }, map: { a: { b: 1 } } } }
    const schema = spec({
      type: "object",
      properties: { any: {}, map: { type: "object", additionalProperties: {} } },
    })
    expect(prune(schema, object)[0]).toEqual([])
  })

  it("prunes inside of lists and maps", () => {
    const entry: JsonSchema = { type: "object", properties: { a: { type: "string" } } }
    const schema = spec({
      type: "object",
      properties: { list: { type: "array", items: entry }, map: { type: "object", additionalProperties: entry } },
    })
    const object = { spec: { list: [{ a: "1", b: "2" }], map: { k: { a: "1", c: "3" } } } }
    expect(prune(schema, object)[0]).toEqual(["spec.list[0].b", "spec.map.k.c"])
  })
})

describe("structural schema: defaulting", () => {
  const schema = compileSchema(
    spec({
      type: "object",
      properties: {
        replicas: { type: "integer", default: 1 },
        strategy: { type: "object", default: {}, properties: { type: { type: "string", default: "RollingUpdate" } } },
        note: { type: "string", nullable: true, default: "none" },
        plain: { type: "string" },
      },
    }),
  )

  it("fills in what is absent, also below a default", () => {
    const object = { spec: {} }
    schema.default(object)
    expect(object).toEqual({ spec: { replicas: 1, strategy: { type: "RollingUpdate" }, note: "none" } })
  })

  it("takes a null where none is allowed for absent", () => {
    const object = { spec: { replicas: null, note: null, plain: null } }
    schema.default(object)
    expect(object).toEqual({ spec: { replicas: 1, strategy: { type: "RollingUpdate" }, note: null } })
  })

  it("gives every object its own copy", () => {
    const [one, other] = [{ spec: {} as Record<string, unknown> }, { spec: {} as Record<string, unknown> }]
    schema.default(one)
    schema.default(other)
    expect(one.spec.strategy).not.toBe(other.spec.strategy)
  })
})
