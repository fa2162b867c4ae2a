import type { FieldError } from "../meta/field-error.ts"
import { compileShape } from "./compile-shape.ts"
import { checkExtensions, checkMetadata } from "./extension-check.ts"
import { type JsonSchema, SchemaError } from "./json-schema.ts"
import { isObject, type Json } from "./shape.ts"

/** Where a schema stands decides how Kubernetes words what is missing in it. */
type Place =
  | "at the root"
  | "for specified object fields"
  | "for specified object additionalProperties"
  | "for specified array items"

const types: readonly string[] = ["object", "array", "string", "integer", "number", "boolean"]
/** What a schema under allOf, anyOf, oneOf or not must leave to the schema around it. */
const shapeKeywords = [
  "type",
  "description",
  "default",
  "additionalProperties",
  "nullable",
  "x-kubernetes-validations",
] as const
const depthMax = 64

/**
 * Whether a schema of a CustomResourceDefinition is structural: says of every field which type it has, in one place, so
 * that unknown fields can be pruned and defaults filled in without guessing. `at` is the path of the schema.
 */
export function checkStructural(schema: unknown, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (!isObject(schema)) return [invalid(at, schema, "must be a schema object")]
  if (schema.type !== undefined && schema.type !== "object") {
    errors.push(invalid(`${at}.type`, schema.type, "must be object at the root"))
  }
  checkSchema(schema, at, "at the root", errors, 0)
  checkMetadata(schema, at, errors)
  return errors.length > 0 ? errors : checkDefaults(schema as JsonSchema, at)
}

function checkSchema(schema: Json, at: string, place: Place, errors: FieldError[], depth: number): void {
  if (depth > depthMax) {
    errors.push(invalid(at, "", `must not be nested deeper than ${depthMax} levels`))
    return
  }
  checkType(schema, at, place, errors)
  checkForbidden(schema, at, errors)
  checkPattern(schema, at, errors)
  checkListType(schema, at, errors)
  checkExtensions(schema, at, errors)
  for (const [name, field] of Object.entries(isObject(schema.properties) ? schema.properties : {})) {
    checkPart(field, `${at}.properties[${name}]`, "for specified object fields", errors, depth)
  }
  if (isObject(schema.additionalProperties)) {
    const place = "for specified object additionalProperties"
    checkPart(schema.additionalProperties, `${at}.additionalProperties`, place, errors, depth)
  }
  if (schema.items !== undefined) checkPart(schema.items, `${at}.items`, "for specified array items", errors, depth)
  for (const [part, path] of judgements(schema, at)) checkJudgement(part, path, errors)
}

function checkPart(part: unknown, at: string, place: Place, errors: FieldError[], depth: number): void {
  if (isObject(part)) checkSchema(part, at, place, errors, depth + 1)
  else errors.push(invalid(at, part, "must be a schema object"))
}

function checkType(schema: Json, at: string, place: Place, errors: FieldError[]): void {
  const { type } = schema
  const anyType =
    schema["x-kubernetes-int-or-string"] === true || schema["x-kubernetes-preserve-unknown-fields"] === true
  if (type === undefined || type === "") {
    if (!anyType) errors.push({ type: "Required", field: `${at}.type`, detail: `must not be empty ${place}` })
  } else if (typeof type !== "string" || !types.includes(type)) {
    const detail = `supported values: ${types.map((each) => JSON.stringify(each)).join(", ")}`
    errors.push({ type: "NotSupported", field: `${at}.type`, value: type, detail })
  }
}

function checkForbidden(schema: Json, at: string, errors: FieldError[]): void {
  const forbid = (keyword: string, detail: string): number =>
    errors.push({ type: "Forbidden", field: `${at}.${keyword}`, detail })
  if (schema.$ref !== undefined) forbid("$ref", "$ref is not supported")
  if (schema.additionalProperties === false)
    forbid("additionalProperties", "additionalProperties cannot be set to false")
  if (schema.additionalProperties !== undefined && schema.properties !== undefined) {
    forbid("additionalProperties", "additionalProperties and properties are mutual exclusive")
  }
  if (schema.uniqueItems === true) {
    forbid("uniqueItems", "uniqueItems cannot be set to true since the runtime complexity becomes quadratic")
  }
}

function checkPattern({ pattern }: Json, at: string, errors: FieldError[]): void {
  if (pattern === undefined) return
  try {
    compileShape({ type: "string", pattern: String(pattern) }, {})
  } catch (error) {
    if (!(error instanceof SchemaError)) throw error
    errors.push(invalid(`${at}.pattern`, pattern, "must be a valid regular expression, but isn't"))
  }
}

function checkListType(schema: Json, at: string, errors: FieldError[]): void {
  const keys = schema["x-kubernetes-list-map-keys"]
  if (schema["x-kubernetes-list-type"] !== "map") return
  if (!Array.isArray(keys) || keys.length === 0) {
    const detail = "must not be empty if x-kubernetes-list-type is map"
    errors.push({ type: "Required", field: `${at}.x-kubernetes-list-map-keys`, detail })
    return
  }
  const items = isObject(schema.items) ? schema.items : {}
  const properties = isObject(items.properties) ? items.properties : {}
  for (const [index, key] of keys.entries()) {
    if (typeof key === "string" && Object.hasOwn(properties, key)) continue
    const detail = "entries must all be names of item properties"
    errors.push(invalid(`${at}.x-kubernetes-list-map-keys[${index}]`, key, detail))
  }
}

/** Every schema under allOf, anyOf, oneOf and not, and below those. */
function* judgements(schema: Json, at: string): Generator<[Json, string]> {
  for (const keyword of ["allOf", "anyOf", "oneOf"]) {
    const parts = schema[keyword]
    for (const [index, part] of (Array.isArray(parts) ? parts : []).entries()) {
      if (isObject(part)) yield [part, `${at}.${keyword}[${index}]`]
    }
  }
  if (isObject(schema.not)) yield [schema.not, `${at}.not`]
}

function checkJudgement(part: Json, at: string, errors: FieldError[]): void {
  for (const keyword of shapeKeywords) {
    if (part[keyword] === undefined) continue
    // Kubernetes' one exception, in which an int-or-string is written out.
    if (keyword === "type" && (part.type === "integer" || part.type === "string")) continue
    errors.push({ type: "Forbidden", field: `${at}.${keyword}`, detail: "must be empty to be structural" })
  }
  for (const [inner, path] of judgements(part, at)) checkJudgement(inner, path, errors)
}

/** A default that its own schema refuses would make every object invalid that does not say otherwise. */
function checkDefaults(schema: JsonSchema, at: string): FieldError[] {
  const errors: FieldError[] = []
  if (schema.default !== undefined) {
    const path = [`${at}.default`]
    compileShape(schema, {}).validate(schema.default, { path, depth: path.length, errors })
  }
  for (const [name, field] of Object.entries(schema.properties ?? {})) {
    errors.push(...checkDefaults(field, `${at}.properties[${name}]`))
  }
  if (schema.items) errors.push(...checkDefaults(schema.items, `${at}.items`))
  if (typeof schema.additionalProperties === "object") {
    errors.push(...checkDefaults(schema.additionalProperties, `${at}.additionalProperties`))
  }
  return errors
}

function invalid(field: string, value: unknown, detail: string): FieldError {
  return { type: "Invalid", field, value, detail }
}
