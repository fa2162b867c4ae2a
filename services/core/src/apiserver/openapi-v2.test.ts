import { builtinKinds } from "@wick/sdk/api"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { openapiSchema } from "@wick/sdk/api/openapi"
import { WireReader } from "@wick/sdk/protobuf"
import { describe, expect, it } from "vitest"
import { inVersion2, swaggerDocument, swaggerResponse } from "./openapi-v2.ts"
import { ResourceRegistry } from "./resource-registry.ts"
import { builtinResource, type ServedResource } from "./served-resource.ts"

const registry = new ResourceRegistry()
for (const kind of builtinKinds) {
  const { schema, components } = openapiSchema(kind)
  registry.add(builtinResource(kind, schema, components))
}

describe("OpenAPI version 2", () => {
  it("has every kind, and every definition that one refers to", () => {
    const { definitions } = swaggerDocument(registry)
    expect(definitions["io.k8s.api.core.v1.Pod"]?.["x-kubernetes-group-version-kind"]).toEqual([
      { group: "", version: "v1", kind: "Pod" },
    ])
    const named = [...JSON.stringify(definitions).matchAll(/"\$ref":"#\/definitions\/([^"]+)"/g)].map(
      ([, name]) => name,
    )
    expect(named.length).toBeGreaterThan(100)
    expect(named.filter((name) => !((name as string) in definitions))).toEqual([])
  })

  it("tells of a custom kind's metadata as of any other's: lists are checked by it where the client does it", () => {
    const withLamp = new ResourceRegistry()
    for (const properties of [{ metadata: { type: "object" as const } }, undefined]) {
      const schema = { type: "object" as const, ...(properties && { properties }) }
      withLamp.add({ ...lampOf(properties ? "Lamp" : "Torch"), schema, components: {}, custom: true })
    }
    const { definitions } = swaggerDocument(withLamp)
    const meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
    expect(definitions["test.Lamp"]?.properties?.metadata?.$ref).toBe(`#/definitions/${meta}`)
    expect(definitions["test.Torch"]?.properties?.metadata?.$ref).toBe(`#/definitions/${meta}`)
    expect(definitions[meta]?.properties).toHaveProperty("creationTimestamp")
  })

  it("uses no words of version 3", () => {
    const text = JSON.stringify(swaggerDocument(registry))
    for (const word of ["anyOf", "oneOf", "nullable", "#/components/"]) expect(text).not.toContain(`"${word}`)
  })

  it("turns choices into what old clients understand", () => {
    const port = { description: "A port.", anyOf: [{ type: "integer" }, { type: "string" }] }
    expect(inVersion2(port)).toEqual({ description: "A port.", type: "string", format: "int-or-string" })
    const wrapped = { description: "Its labels.", allOf: [{ $ref: "#/components/schemas/Labels" }] }
    expect(inVersion2(wrapped)).toEqual({ description: "Its labels.", $ref: "#/definitions/Labels" })
  })

  it("is written in protobuf for who asks for it: as many definitions as there are in JSON", async () => {
    const accept = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"
    const bytes = new Uint8Array(await swaggerResponse(swaggerDocument(registry), accept).arrayBuffer())
    const reader = new WireReader(bytes)
    while (reader.next() !== 9) reader.skip()
    const definitions = reader.message()
    const { definitions: inJson } = swaggerDocument(registry)
    let count = 0
    for (; definitions.next() !== 0; count++) definitions.skip()
    expect(count).toBe(Object.keys(inJson).length)
  })

  it("tells old clients in protobuf that a patch can be tried: the operation's parameters are where they look", async () => {
    const bytes = new Uint8Array(await swaggerResponse(swaggerDocument(registry), "protobuf").arrayBuffer())
    const paths = messageAt(new WireReader(bytes), 8)
    const item = messageAt(messageAt(paths, 2), 2)
    const parameter = messageAt(messageAt(item, 8), 8)
    const query = messageAt(messageAt(messageAt(parameter, 1), 2), 3)
    while (query.next() !== 4) query.skip()
    expect(query.text()).toBe("dryRun")
  })
})

function lampOf(kind: string): ServedResource {
  const { schema, components } = openapiSchema(ConfigMap)
  const plural = `${kind.toLowerCase()}s`
  return { ...builtinResource(ConfigMap, schema, components), group: "test", kind, plural, openapiName: `test.${kind}` }
}

function messageAt(reader: WireReader, wanted: number): WireReader {
  for (let number = reader.next(); number !== wanted; number = reader.next()) {
    if (number === 0) throw new Error(`there is no field ${wanted}`)
    reader.skip()
  }
  return reader.message()
}
