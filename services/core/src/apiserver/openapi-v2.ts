import type { JsonSchema } from "@wick/sdk/api/structural"
import { openapiSchemas } from "./openapi.ts"
import { encodeDocument } from "./openapi-v2-message.ts"
import type { ResourceRegistry } from "./resource-registry.ts"
import { jsonResponse } from "./respond.ts"
import type { ServedResource } from "./served-resource.ts"

/** OpenAPI v2, which clients before Kubernetes 1.27 validate and explain with. */
export interface SwaggerDocument {
  readonly swagger: "2.0"
  readonly info: { readonly title: string; readonly version: string }
  readonly paths: Readonly<Record<string, object>>
  readonly definitions: Readonly<Record<string, JsonSchema>>
}

/** Clients ask for it with an `@` before `v1.0`, which is no media type that they could read in an answer. */
const protobufType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

/** All kinds in one document, in the encoding that the client asks for: kubectl takes nothing but protobuf. */
export function swaggerResponse(document: SwaggerDocument, accept: string): Response {
  if (!accept.includes("protobuf")) return jsonResponse(document)
  return new Response(encodeDocument(document) as Uint8Array<ArrayBuffer>, {
    headers: { "content-type": protobufType },
  })
}

export function swaggerDocument(registry: ResourceRegistry): SwaggerDocument {
  const served = registry.all()
  const schemas = Object.entries(openapiSchemas(served))
  return {
    swagger: "2.0",
    info: { title: "Wick", version: "v1" },
    paths: Object.fromEntries(served.map((resource) => [pathOf(resource), { patch: patchOf(resource) }])),
    definitions: Object.fromEntries(schemas.map(([name, schema]) => [name, inVersion2(schema)])),
  }
}

function pathOf({ group, version, plural, namespaced }: ServedResource): string {
  const root = group === "" ? `/api/${version}` : `/apis/${group}/${version}`
  return `${root}/${namespaced ? "namespaces/{namespace}/" : ""}${plural}/{name}`
}

/** By this operation's parameters old clients learn whether the server knows dry runs. */
function patchOf({ group, version, kind }: ServedResource): object {
  return {
    parameters: [{ name: "dryRun", in: "query", type: "string", uniqueItems: true }],
    responses: { 200: { description: "OK" } },
    "x-kubernetes-action": "patch",
    "x-kubernetes-group-version-kind": { group, version, kind },
  }
}

/** A schema without what version 2 has no words for: choices, null, references that add something. */
export function inVersion2(schema: JsonSchema): JsonSchema {
  const only = schema.allOf?.length === 1 ? schema.allOf[0]?.$ref : undefined
  const reference = schema.$ref ?? only
  const { description } = schema
  if (reference)
    return { ...(description && { description }), $ref: reference.replace("/components/schemas/", "/definitions/") }
  if (isIntOrString(schema)) return { ...(description && { description }), type: "string", format: "int-or-string" }
  const notes = Object.fromEntries(Object.entries(schema).filter(([key]) => key.startsWith("x-kubernetes-")))
  // What may hold anything must not name its fields: an old client would refuse all others.
  if (schema["x-kubernetes-preserve-unknown-fields"]) return { ...(description && { description }), ...notes }
  const { type, format, required, properties, items, additionalProperties, enum: choices, default: fallback } = schema
  return {
    ...(description && { description }),
    ...(type !== undefined && { type }),
    ...(format && { format }),
    ...(required && { required }),
    ...(choices && { enum: choices }),
    ...(fallback !== undefined && { default: fallback }),
    ...(properties && {
      properties: Object.fromEntries(Object.entries(properties).map(([name, field]) => [name, inVersion2(field)])),
    }),
    ...(items && { items: inVersion2(items) }),
    ...(typeof additionalProperties === "object" && { additionalProperties: inVersion2(additionalProperties) }),
    ...notes,
  }
}

function isIntOrString(schema: JsonSchema): boolean {
  if (schema["x-kubernetes-int-or-string"]) return true
  const types = (schema.anyOf ?? schema.oneOf ?? []).map(({ type }) => type)
  return types.includes("string") && (types.includes("integer") || types.includes("number"))
}
