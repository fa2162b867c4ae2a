import { equal, holds, includes, isRefusal, says } from "../expectation.ts"
import { eventually } from "../patience.ts"
import type { Statement } from "../topic.ts"
import { color, defined, definitions, schemaOf, version } from "./definition.ts"

export const shaping: Statement = (it) => {
  it("what the schema does not know is pruned, with a warning or a refusal", async (world) => {
    const custom = await defined(world)
    const odd = custom.object("a", { spec: { color: "red", bogus: 1 } })
    const made = await world.wire("POST", custom.path(), odd)
    equal(made.body.spec, { color: "red" })
    equal(made.warnings, ['unknown field "spec.bogus"'])
    const strict = await world.wire("PUT", custom.path("/a?fieldValidation=Strict"), { ...made.body, spec: odd.spec })
    isRefusal(strict.body, {
      reason: "BadRequest",
      code: 400,
      message: /strict decoding error: unknown field "spec\.bogus"/,
    })
  })

  it("what is not to be pruned is kept", async (world) => {
    const free = { "x-kubernetes-preserve-unknown-fields": true }
    const custom = await defined(world, { versions: [version(schemaOf(color, free))] })
    const { body } = await world.wire("POST", custom.path(), custom.object("a", { spec: { any: { thing: [1] } } }))
    equal(body.spec, { any: { thing: [1] } })
  })

  it("defaults are filled in when an object is written, and when it is read", async (world) => {
    const { wire, patch } = world
    const custom = await defined(world)
    await wire("POST", custom.path(), custom.object("old", { spec: {} }))
    const properties = { color: { type: "string", default: "green" } }
    const versions = [version(schemaOf(properties))]
    await patch("merge", `${definitions}/${custom.name}`, { spec: { versions } })
    await eventually(world.clock, async () => {
      equal((await wire("GET", custom.path("/old"))).body.spec, { color: "green" })
    })
    const { body } = await wire("POST", custom.path(), custom.object("new", { spec: {} }))
    equal(body.spec, { color: "green" })
  })

  it("a null where there is a default is no value", async (world) => {
    const properties = {
      color: { type: "string", default: "green" },
      shade: { type: "string", default: "dark", nullable: true },
    }
    const custom = await defined(world, { versions: [version(schemaOf(properties))] })
    const { body } = await world.wire("POST", custom.path(), custom.object("a", { spec: { color: null, shade: null } }))
    equal(body.spec, { color: "green", shade: null })
  })

  it("every mistake of a value is told with its field", async (world) => {
    const properties = {
      size: { type: "integer", maximum: 10 },
      color: { type: "string", enum: ["red", "blue"] },
      code: { type: "string", pattern: "^[a-z]+$" },
      names: { type: "array", items: { type: "string" }, maxItems: 1 },
      needed: { type: "string" },
    }
    const custom = await defined(world, { versions: [version(schemaOf(properties, { required: ["needed"] }))] })
    const spec = { size: 11, color: "green", code: "A1", names: ["a", "b"] }
    const { body } = await world.wire("POST", custom.path(), custom.object("a", { spec }))
    isRefusal(body, {
      reason: "Invalid",
      code: 422,
      message: /^Thing\.\S+ "a" is invalid: /,
      fields: ["spec.size", "spec.color", "spec.code", "spec.names", "spec.needed"],
      causes: [
        "FieldValueInvalid",
        "FieldValueNotSupported",
        "FieldValueInvalid",
        "FieldValueTooMany",
        "FieldValueRequired",
      ],
    })
    equal(body.details.group, custom.group)
  })

  it("a value of another type is invalid", async (world) => {
    const custom = await defined(world)
    const { body } = await world.wire("POST", custom.path(), custom.object("a", { spec: { color: 7 } }))
    isRefusal(body, { reason: "Invalid", code: 422, fields: ["spec.color"], causes: ["FieldValueTypeInvalid"] })
  })

  it("a number or a text is both", async (world) => {
    const properties = { port: { "x-kubernetes-int-or-string": true } }
    const custom = await defined(world, { versions: [version(schemaOf(properties))] })
    for (const [name, port] of [
      ["a", 80],
      ["b", "http"],
    ] as const) {
      equal((await world.wire("POST", custom.path(), custom.object(name, { spec: { port } }))).code, 201)
    }
    equal((await world.wire("POST", custom.path(), custom.object("c", { spec: { port: true } }))).code, 422)
  })

  it("a list that is a set has no member twice, one that is a map no key", async (world) => {
    const item = {
      type: "object",
      required: ["key"],
      properties: { key: { type: "string" }, value: { type: "string" } },
    }
    const properties = {
      tags: { type: "array", items: { type: "string" }, "x-kubernetes-list-type": "set" },
      pairs: {
        type: "array",
        items: item,
        "x-kubernetes-list-type": "map",
        "x-kubernetes-list-map-keys": ["key"],
      },
    }
    const custom = await defined(world, { versions: [version(schemaOf(properties))] })
    const pairs = [{ key: "a", value: "1" }]
    const twice = await world.wire(
      "POST",
      custom.path(),
      custom.object("a", { spec: { tags: ["x", "x"], pairs: [...pairs, ...pairs] } }),
    )
    isRefusal(twice.body, {
      reason: "Invalid",
      fields: ["spec.tags[1]", "spec.pairs[1]"],
      causes: ["FieldValueDuplicate", "FieldValueDuplicate"],
    })
    const apply = (manager: string, spec: object) =>
      world.patch("apply", custom.path(`/a?fieldManager=${manager}`), custom.object("a", { spec }))
    await apply("one", { pairs })
    const { body } = await apply("two", { pairs: [{ key: "b", value: "2" }] })
    equal(body.spec.pairs, [...pairs, { key: "b", value: "2" }])
  })

  it("the status is apart where the definition says so", async (world) => {
    const { wire, patch } = world
    const openAPIV3Schema = {
      type: "object",
      properties: {
        spec: { type: "object", properties: color },
        status: { type: "object", properties: { ready: { type: "boolean" } } },
      },
    }
    const custom = await defined(world, { versions: [version({ openAPIV3Schema }, { subresources: { status: {} } })] })
    const object = custom.object("a", { spec: { color: "red" }, status: { ready: true } })
    equal((await wire("POST", custom.path(), object)).body.status, undefined)
    const status = await patch("merge", custom.path("/a/status"), { spec: { color: "blue" }, status: { ready: true } })
    includes(status.body, { spec: { color: "red" }, status: { ready: true }, metadata: { generation: 1 } })
    const main = await patch("merge", custom.path("/a"), { spec: { color: "blue" }, status: { ready: false } })
    includes(main.body, { spec: { color: "blue" }, status: { ready: true }, metadata: { generation: 2 } })
  })

  it("a scale is where the definition says it is", async (world) => {
    const { wire, patch } = world
    const openAPIV3Schema = {
      type: "object",
      properties: {
        spec: { type: "object", properties: { copies: { type: "integer" } } },
        status: { type: "object", properties: { copies: { type: "integer" }, selector: { type: "string" } } },
      },
    }
    const scale = {
      specReplicasPath: ".spec.copies",
      statusReplicasPath: ".status.copies",
      labelSelectorPath: ".status.selector",
    }
    const subresources = { status: {}, scale }
    const custom = await defined(world, { versions: [version({ openAPIV3Schema }, { subresources })] })
    await wire("POST", custom.path(), custom.object("a", { spec: { copies: 2 } }))
    await patch("merge", custom.path("/a/status"), { status: { copies: 1, selector: "app=a" } })
    includes((await wire("GET", custom.path("/a/scale"))).body, {
      kind: "Scale",
      apiVersion: "autoscaling/v1",
      spec: { replicas: 2 },
      status: { replicas: 1, selector: "app=a" },
    })
    await patch("merge", custom.path("/a/scale"), { spec: { replicas: 5 } })
    equal((await wire("GET", custom.path("/a"))).body.spec.copies, 5)
  })

  it("fields can be selected where the definition says so", async (world) => {
    const { wire } = world
    const selectableFields = [{ jsonPath: ".spec.color" }]
    const custom = await defined(world, { versions: [version(schemaOf(color), { selectableFields })] })
    for (const [name, each] of [
      ["a", "red"],
      ["b", "blue"],
    ] as const) {
      await wire("POST", custom.path(), custom.object(name, { spec: { color: each } }))
    }
    const { body } = await wire("GET", custom.path("?fieldSelector=spec.color%3Dblue"))
    equal(
      body.items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      ["b"],
    )
    equal((await wire("GET", custom.path("?fieldSelector=spec.size%3D1"))).code, 400)
  })

  it("columns are those of the definition, else the age", async (world) => {
    const { wire } = world
    const accept = { headers: { accept: "application/json;as=Table;v=v1;g=meta.k8s.io" } }
    const additionalPrinterColumns = [
      { name: "Color", type: "string", jsonPath: ".spec.color" },
      { name: "Wide", type: "string", jsonPath: ".spec.color", priority: 1 },
    ]
    const custom = await defined(world, { versions: [version(schemaOf(color), { additionalPrinterColumns })] })
    await wire("POST", custom.path(), custom.object("a", { spec: { color: "red" } }))
    const { body } = await wire("GET", custom.path(), undefined, accept)
    equal(
      body.columnDefinitions.map(({ name, priority }: { name: string; priority: number }) => [name, priority]),
      [
        ["Name", 0],
        ["Color", 0],
        ["Wide", 1],
      ],
    )
    equal(body.rows[0].cells, ["a", "red", "red"])
    const plain = await defined(world)
    const { body: bare } = await wire("GET", plain.path(), undefined, accept)
    equal(
      bare.columnDefinitions.map(({ name }: { name: string }) => name),
      ["Name", "Age"],
    )
    holds(Array.isArray(bare.rows ?? []), "and no rows")
    says(bare.kind, /^Table$/)
  })
}
