import { createHash } from "node:crypto"
import { openapiSchema } from "@wick/sdk/api"
import { Scale } from "@wick/sdk/api/autoscaling/scale"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import type { Components, JsonSchema } from "@wick/sdk/api/structural"
import type { ResourceRegistry } from "./resource-registry.ts"
import type { ServedResource } from "./served-resource.ts"

const info = { title: "Wick", version: "v1" }

/**
 * `/openapi/v3`: the documents there are, one for each group and version. Clients keep a document for as long as its address
 * is the same, so that says what is in it.
 */
export function openapiPaths(registry: ResourceRegistry, serverVersion: string): Record<string, object> {
  const groups = Map.groupBy(registry.all(), rootOf)
  return Object.fromEntries(
    [...groups].map(([root, served]) => [
      root,
      { serverRelativeURL: `/openapi/v3/${root}?hash=${contentHash(served, serverVersion)}` },
    ]),
  )
}

const schemaHashes = new WeakMap<JsonSchema, string>()

/** What is not from a definition is as the server's version has it. */
function contentHash(served: readonly ServedResource[], serverVersion: string): string {
  const parts = served.map(({ openapiName, plural, custom, schema, status, scale }) => {
    return [openapiName, plural, status, scale !== undefined, custom && schemaHash(schema)].join()
  })
  return hashOf([serverVersion, ...parts.sort()].join("\n"))
}

function schemaHash(schema: JsonSchema): string {
  const hash = schemaHashes.get(schema) ?? hashOf(JSON.stringify(schema))
  schemaHashes.set(schema, hash)
  return hash
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 32).toUpperCase()
}

/** One group and version's document: the schemas of its kinds, and the paths by which clients find a kind's schema. */
export function openapiDocument(registry: ResourceRegistry, root: string): object | undefined {
  const served = registry.all().filter((resource) => rootOf(resource) === root)
  if (served.length === 0) return undefined
  const schemas = openapiSchemas(served)
  if (served.some(({ scale }) => scale)) {
    const { schema, components } = openapiSchema(Scale)
    schemas[Scale.openapiName] = { ...schema, "x-kubernetes-group-version-kind": [scaleKind] }
    collect(schema, components, schemas)
  }
  return { openapi: "3.0.0", info, paths: Object.assign({}, ...served.map(pathsOf)), components: { schemas } }
}

/** The schemas of resources and of all that they refer to, by name. */
export function openapiSchemas(served: readonly ServedResource[]): Record<string, JsonSchema> {
  const schemas: Record<string, JsonSchema> = {}
  for (const resource of served) {
    schemas[resource.openapiName] = described(resource)
    collect(resource.schema, resource.components, schemas)
    if (resource.custom) collect(native.schema.properties?.metadata, native.components, schemas)
  }
  return schemas
}

function rootOf({ group, version }: ServedResource): string {
  return group === "" ? `api/${version}` : `apis/${group}/${version}`
}

/** Any kind of the server's own. */
const native = openapiSchema(ConfigMap)

/**
 * What a definition says of its kind's metadata is a limit of its own: clients are told that it has every field that an
 * object's has. What may hold anything is left alone.
 */
function withMetadata(schema: JsonSchema): JsonSchema {
  const { metadata } = native.schema.properties ?? {}
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true || !metadata
  return isOpen ? schema : { ...schema, properties: { ...schema.properties, metadata } }
}

function described(resource: ServedResource): JsonSchema {
  const { group, version, kind, custom } = resource
  const schema = custom ? withMetadata(resource.schema) : resource.schema
  return { ...schema, "x-kubernetes-group-version-kind": [{ group, version, kind }] }
}

const scaleKind = { group: Scale.group, version: Scale.version, kind: Scale.kind }
const patchTypes = ["application/json-patch+json", "application/merge-patch+json", "application/apply-patch+yaml"]
const patchBody = { requestBody: { content: Object.fromEntries(patchTypes.map((type) => [type, { schema: {} }])) } }
const parameters = ["fieldValidation", "dryRun", "fieldManager"].map((name) => ({
  name,
  in: "query",
  schema: { type: "string" },
}))

function pathsOf(resource: ServedResource): object {
  const { group, version, kind, plural, namespaced, openapiName, status, scale } = resource
  const base = `/${rootOf(resource)}/${namespaced ? "namespaces/{namespace}/" : ""}${plural}`
  const whole = { gvk: { group, version, kind }, schema: openapiName }
  const operations = operationsOf(whole)
  const { list, post, remove } = operations
  return {
    [base]: { get: list, post },
    [`${base}/{name}`]: { ...part(operations), delete: remove },
    ...(status && { [`${base}/{name}/status`]: part(operations) }),
    ...(scale && { [`${base}/{name}/scale`]: part(operationsOf({ gvk: scaleKind, schema: Scale.openapiName })) }),
  }
}

function part({ get, put, patch }: Record<string, object>): object {
  return { get, put, patch }
}

/** The operations on what is of one kind, by the names of their methods. */
function operationsOf({ gvk, schema: name }: { gvk: object; schema: string }): Record<string, object> {
  const schema = { $ref: `#/components/schemas/${name}` }
  const responses = { 200: { description: "OK", content: { "application/json": { schema } } } }
  const body = { requestBody: { content: { "application/json": { schema } } }, parameters }
  const operation = (action: string): object => ({
    "x-kubernetes-action": action,
    "x-kubernetes-group-version-kind": gvk,
    responses,
  })
  return {
    list: operation("list"),
    get: operation("get"),
    post: { ...operation("post"), ...body },
    put: { ...operation("put"), ...body },
    patch: { ...operation("patch"), ...patchBody, parameters },
    remove: operation("delete"),
  }
}

/** Every component that a schema refers to, and those that these refer to. */
function collect(schema: unknown, components: Components, into: Record<string, JsonSchema>): void {
  if (schema === null || typeof schema !== "object") return
  const { $ref } = schema as JsonSchema
  if (typeof $ref === "string") {
    const name = $ref.slice($ref.lastIndexOf("/") + 1)
    const found = components[name]
    if (found && !(name in into)) {
      into[name] = found
      collect(found, components, into)
    }
  }
  for (const child of Object.values(schema)) collect(child, components, into)
}
