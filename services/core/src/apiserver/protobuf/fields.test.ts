import { builtinFaces, builtinKinds, type Kind, openapiSchema, reviewKinds } from "@wick/sdk/api"
import { ComponentStatus } from "@wick/sdk/api/core/component-status"
import type { Components, JsonSchema } from "@wick/sdk/api/structural"
import { describe, expect, it } from "vitest"
import { messageOf, messageOfKind } from "./messages.ts"

/** Messages whose JSON is no object of their fields, or is checked by hand. */
const leaves =
  /^(resource\.Quantity|meta\.v1\.(Time|MicroTime|FieldsV1|Verbs)|runtime\..*|intstr\..*|apiextensions\.v1\.JSON.*)$/
/** A list in a message of its own, because a map of Go's protobuf holds no lists. */
const listMessage = /\.ExtraValue$/
const prefix = "#/components/schemas/"
/** Fields that Kubernetes itself never sends any more. */
const gone = new Set(["metadata.selfLink"])

function resolve(schema: JsonSchema | undefined, components: Components): JsonSchema {
  const [first] = schema?.allOf ?? []
  if (schema?.$ref) return resolve(components[schema.$ref.slice(prefix.length)], components)
  return first ? resolve(first, components) : (schema ?? {})
}

/** Paths of the message's fields that the schema does not have. */
function missing(
  message: string,
  schema: JsonSchema,
  components: Components,
  path: string,
  seen: Set<string>,
): string[] {
  const fields = messageOf(message)?.fields
  if (leaves.test(message) || listMessage.test(message) || !fields || seen.has(message)) return []
  if (schema.type === "object" && !schema.properties && !schema.additionalProperties) return []
  seen.add(message)
  return fields.flatMap(({ name, type: inner, shape, inlined }) => {
    if (inlined) return missing(inner, schema, components, path, new Set())
    const at = path === "" ? name : `${path}.${name}`
    const field = schema.properties?.[name]
    if (!field) return gone.has(at) ? [] : [at]
    const value = resolve(field, components)
    const element =
      shape === "list" ? value.items : shape === "map" ? (value.additionalProperties as JsonSchema) : value
    return missing(inner, resolve(element, components), components, at, seen)
  })
}

const served: readonly Kind[] = [
  ...builtinKinds,
  ...builtinFaces.map(({ kind }) => kind),
  ...reviewKinds,
  ComponentStatus as unknown as Kind,
]

describe("a built-in kind has every field that Kubernetes' own message of it has", () => {
  it.each(
    served
      // Definitions of resources are sent as JSON, by every client.
      .filter((kind) => kind.kind !== "CustomResourceDefinition")
      .map((kind) => ({
        kind,
        title: `${kind.apiVersion} ${kind.kind}`,
        message: messageOfKind(kind.apiVersion, kind.kind)?.name ?? "",
      })),
  )("$title", ({ kind, message }) => {
    const { schema, components } = openapiSchema(kind)
    expect(messageOf(message)).toBeDefined()
    expect(missing(message, schema, components, "", new Set()).join("\n")).toBe("")
  })
})
