import type { Components, JsonSchema } from "./json-schema.ts"

export const objectMetaName = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
const text: JsonSchema = { type: "string" }
const anything: JsonSchema = { type: "object", "x-kubernetes-preserve-unknown-fields": true }

/**
 * A resource has `apiVersion`, `kind` and `metadata` whether its schema says so or not, and metadata is ObjectMeta: a
 * CustomResourceDefinition may only narrow `name` and `generateName`, so what it writes there comes on top.
 */
export function withResourceFields(schema: JsonSchema, components: Components): JsonSchema {
  const written = schema.properties?.metadata
  return {
    ...schema,
    properties: { ...schema.properties, apiVersion: text, kind: text, metadata: metadataOf(written, components) },
  }
}

function metadataOf(written: JsonSchema | undefined, components: Components): JsonSchema {
  const objectMeta = components[objectMetaName] ?? anything
  if (written === undefined || written.properties === undefined) return hasReference(written) ? written : objectMeta
  return { ...objectMeta, ...written, properties: { ...objectMeta.properties, ...written.properties } }
}

function hasReference(schema: JsonSchema | undefined): schema is JsonSchema {
  return schema?.$ref !== undefined || schema?.allOf !== undefined
}
