import { builtinFaces, builtinKinds } from "@wick/sdk/api"
import fc from "fast-check"
import { describe, expect, it } from "vitest"
import { decodeProtobuf } from "./decode.ts"
import { encodeProtobuf, watchFrame } from "./encode.ts"
import { type Field, type Message, messageOf, messageOfKind } from "./messages.ts"

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("latin1")

describe("bytes worked out by hand from the specification of protobuf", () => {
  it("writes a ConfigMap with its map in the order of its keys", () => {
    const bytes = encodeProtobuf({
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: "a" },
      data: { y: "2", x: "1" },
    })
    // Envelope: type meta (15 bytes), then 21 bytes of object: metadata{name}, two entries of the map.
    expect(hex(bytes)).toBe(
      "k8s\0\x0a\x0f\x0a\x02v1\x12\x09ConfigMap\x12\x15\x0a\x03\x0a\x01a\x12\x06\x0a\x01x\x12\x011\x12\x06\x0a\x01y\x12\x012\x1a\0\x22\0",
    )
  })

  it("writes a negative number in ten bytes, and one over 127 in two", () => {
    const bytes = encodeProtobuf({
      apiVersion: "scheduling.k8s.io/v1",
      kind: "PriorityClass",
      value: -1,
      description: "d",
    })
    expect(hex(bytes)).toContain(`\x10${"\xff".repeat(9)}\x01\x22\x01d`)
    const large = encodeProtobuf({ apiVersion: "scheduling.k8s.io/v1", kind: "PriorityClass", value: 300 })
    expect(hex(large)).toContain("\x12\x03\x10\xac\x02")
  })

  it("frames an event of a watch with its length in four bytes", () => {
    expect(hex(watchFrame("ADDED", Buffer.from("xyz")))).toBe("\0\0\0\x0e\x0a\x05ADDED\x12\x05\x0a\x03xyz")
  })
})

/** A value of the field, of a kind that its schema takes, and never a zero that Go would leave out. */
function arbitraryOf(field: Field, depth: number): fc.Arbitrary<unknown> {
  const one = scalarOf(field, depth)
  if (field.shape === "list") return fc.array(one, { minLength: 1, maxLength: 3 })
  if (field.shape === "map") return fc.dictionary(fc.string({ minLength: 1 }), one, { minKeys: 1, maxKeys: 3 })
  return one
}

const time = fc.integer({ min: 1, max: 4_000_000_000 }).map((seconds) => new Date(seconds * 1_000).toISOString())
const extra = fc.array(fc.string(), { minLength: 1, maxLength: 2 })
const schemaOr = (depth: number): fc.Arbitrary<unknown> =>
  objectOf(requireMessage("apiextensions.v1.JSONSchemaProps"), depth)
/** As JSON reads it back: without -0. */
const anyJson = fc.jsonValue({ maxDepth: 2 }).map((value) => JSON.parse(JSON.stringify(value)))

const specials: Record<string, (depth: number) => fc.Arbitrary<unknown>> = {
  "resource.Quantity": () => fc.nat().map((count) => `${count}m`),
  "meta.v1.Time": () => time.map((text) => text.replace(".000", "")),
  "meta.v1.MicroTime": () =>
    fc
      .tuple(time, fc.nat(999_999))
      .map(([text, micros]) => text.replace("000Z", `${String(micros).padStart(6, "0")}Z`)),
  "meta.v1.FieldsV1": () => fc.constant({ "f:spec": { ".": {} } }),
  "meta.v1.Verbs": () => extra,
  "runtime.RawExtension": () => fc.constant({ kind: "Any", n: 1 }),
  "apiextensions.v1.JSON": () => anyJson.filter((value) => value !== null),
  "intstr.IntOrString": () => fc.oneof(fc.integer({ min: 1, max: 65_535 }), fc.string({ minLength: 1 })),
  "apiextensions.v1.JSONSchemaPropsOrArray": (depth) =>
    fc.oneof(schemaOr(depth), fc.array(schemaOr(depth), { minLength: 1, maxLength: 2 })),
  "apiextensions.v1.JSONSchemaPropsOrBool": (depth) => fc.oneof(schemaOr(depth), fc.boolean()),
  "apiextensions.v1.JSONSchemaPropsOrStringArray": () => extra,
  "authentication.v1.ExtraValue": () => extra,
  "authorization.v1.ExtraValue": () => extra,
  "certificates.v1.ExtraValue": () => extra,
}

function scalarOf(field: Field, depth: number): fc.Arbitrary<unknown> {
  const { type, keepsZero } = field
  const many = field.shape !== "one" || keepsZero
  if (type === "string") return fc.string(many ? {} : { minLength: 1 })
  if (type === "bytes")
    return fc.uint8Array({ minLength: 1, maxLength: 20 }).map((bytes) => Buffer.from(bytes).toString("base64"))
  if (type === "bool") return many ? fc.boolean() : fc.constant(true)
  if (type === "int32") return fc.integer().filter((value) => many || value !== 0)
  if (type === "int64") return fc.maxSafeInteger().filter((value) => many || value !== 0)
  if (type === "double") return fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value || 1)
  return specials[type]?.(depth + 1) ?? objectOf(requireMessage(type), depth + 1)
}

function requireMessage(name: string): Message {
  const message = messageOf(name)
  if (!message) throw new Error(`no message ${name}`)
  return message
}

const depthMax = 5

function objectOf(message: Message, depth: number): fc.Arbitrary<Record<string, unknown>> {
  if (depth > depthMax) return fc.constant({})
  const own = message.fields.filter(({ inlined }) => !inlined)
  const embedded = message.fields
    .filter(({ inlined }) => inlined)
    .map(({ type }) => objectOf(requireMessage(type), depth))
  const values = fc.uniqueArray(fc.nat(own.length), { maxLength: 5 }).chain((chosen) => {
    const fields = chosen.flatMap((at) => own[at] ?? [])
    return fc.record(Object.fromEntries(fields.map((field) => [field.name, arbitraryOf(field, depth)])))
  })
  return fc.tuple(values, ...embedded).map((parts) => Object.assign({}, ...parts))
}

it("what a definition gives by default is kept, also when it is false, 0 or nothing", () => {
  const properties = {
    a: { default: false },
    b: { default: 0 },
    c: { default: "" },
    d: { additionalProperties: false },
  }
  const versions = [{ name: "v1", schema: { openAPIV3Schema: { properties } } }]
  const definition = { apiVersion: "apiextensions.k8s.io/v1", kind: "CustomResourceDefinition", spec: { versions } }
  expect(decodeProtobuf(encodeProtobuf(definition))).toMatchObject(definition)
})

const kinds = [...builtinKinds, ...builtinFaces.map(({ kind }) => kind)]

describe("an object of any built-in kind loses nothing on its way through protobuf and back", () => {
  it.each(kinds.map(({ apiVersion, kind }) => ({ apiVersion, kind })))("$apiVersion $kind", ({ apiVersion, kind }) => {
    const message = messageOfKind(apiVersion, kind)
    expect(message).toBeDefined()
    fc.assert(
      fc.property(objectOf(message as Message, 0), (fields) => {
        const object = { apiVersion, kind, ...fields }
        expect(decodeProtobuf(encodeProtobuf(object))).toEqual(object)
      }),
      { numRuns: 30 },
    )
  })
})
