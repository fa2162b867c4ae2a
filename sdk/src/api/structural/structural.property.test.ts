import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { compileSchema, type JsonSchema } from "./index.ts"

/** Schemas with the value of a valid object, and objects that have nothing to do with them. */
const scalar = fc.constantFrom<[JsonSchema, unknown]>(
  [{ type: "string", default: "x" }, "y"],
  [{ type: "string", minLength: 1, pattern: "^[a-z]+$" }, "abc"],
  [{ type: "integer", minimum: 0, default: 3 }, 4],
  [{ type: "integer", nullable: true }, null],
  [{ type: "boolean" }, true],
  [{ "x-kubernetes-int-or-string": true }, "50%"],
  [{ type: "object", "x-kubernetes-preserve-unknown-fields": true }, { any: [1, null] }],
)

const { schemaWithValue } = fc.letrec<{ schemaWithValue: [JsonSchema, unknown] }>((tie) => ({
  schemaWithValue: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    scalar,
    fc.array(tie("schemaWithValue"), { maxLength: 4 }).map(objectOf),
    tie("schemaWithValue").map(([items, value]): [JsonSchema, unknown] => [{ type: "array", items }, [value]]),
    tie("schemaWithValue").map(([additionalProperties, value]): [JsonSchema, unknown] => [
      { type: "object", additionalProperties },
      { key: value },
    ]),
  ),
}))

function objectOf(fields: [JsonSchema, unknown][]): [JsonSchema, unknown] {
  const properties = Object.fromEntries(fields.map(([schema], index) => [`f${index}`, schema]))
  const value = Object.fromEntries(fields.map(([, inner], index) => [`f${index}`, inner]))
  return [{ type: "object", properties, required: Object.keys(properties), default: undefined }, value]
}

const anything = fc.jsonValue({ maxDepth: 4 })
const rooted = ([schema, value]: [JsonSchema, unknown]): [ReturnType<typeof compileSchema>, { spec: unknown }] => [
  compileSchema({ type: "object", properties: { spec: schema } }),
  structuredClone({ spec: value }),
]

describe("structural schema: laws", () => {
  it("holds what is valid for valid, and leaves it so after pruning and defaulting", () => {
    fc.assert(
      fc.property(schemaWithValue, (pair) => {
        const [schema, object] = rooted(pair)
        expect(schema.validate(object)).toEqual([])
        expect(schema.prune(object)).toEqual([])
        schema.default(object)
        expect(schema.validate(object)).toEqual([])
      }),
    )
  })

  it("has nothing left to prune after pruning", () => {
    fc.assert(
      fc.property(schemaWithValue, anything, (pair, value) => {
        const [schema] = rooted(pair)
        const object = { spec: value, more: value }
        schema.prune(object)
        expect(schema.prune(object)).toEqual([])
      }),
    )
  })

  it("has nothing left to fill in after defaulting", () => {
    fc.assert(
      fc.property(schemaWithValue, anything, (pair, value) => {
        const [schema] = rooted(pair)
        const once = { spec: value }
        schema.default(once)
        const twice = structuredClone(once)
        schema.default(twice)
        expect(twice).toEqual(once)
      }),
    )
  })

  it("judges whatever it is given without throwing, and changes nothing by judging", () => {
    fc.assert(
      fc.property(schemaWithValue, anything, (pair, value) => {
        const [schema] = rooted(pair)
        const object = { spec: value }
        const before = structuredClone(object)
        schema.validate(object)
        expect(object).toEqual(before)
      }),
    )
  })
})
