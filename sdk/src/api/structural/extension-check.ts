import type { FieldError } from "../meta/field-error.ts"
import { isObject, type Json } from "./shape.ts"

const listTypes = ["atomic", "set", "map"]
const mapTypes = ["granular", "atomic"]

/** Whether the `x-kubernetes-` keywords of one schema fit its type and one another, in Kubernetes' words. */
export function checkExtensions(schema: Json, at: string, errors: FieldError[]): void {
  const must = (field: string, value: unknown, detail: string): void => {
    if (value === undefined || value === "") errors.push({ type: "Required", field: `${at}.${field}`, detail })
    else errors.push({ type: "Invalid", field: `${at}.${field}`, value, detail })
  }
  const typed = (keyword: string, wanted: string, says: string): void => {
    if (schema[keyword] !== undefined && schema[keyword] !== false && schema.type !== wanted) {
      must("type", schema.type, `must be ${wanted} if ${keyword} is ${says}`)
    }
  }
  const oneOf = (keyword: string, values: readonly string[]): void => {
    const value = schema[keyword]
    if (value === undefined || values.includes(String(value))) return
    const detail = `supported values: ${values.map((each) => JSON.stringify(each)).join(", ")}`
    errors.push({ type: "NotSupported", field: `${at}.${keyword}`, value, detail })
  }
  typed("x-kubernetes-embedded-resource", "object", "true")
  typed("x-kubernetes-map-type", "object", "specified")
  typed("x-kubernetes-list-type", "array", "specified")
  oneOf("x-kubernetes-map-type", mapTypes)
  oneOf("x-kubernetes-list-type", listTypes)
  if (schema["x-kubernetes-preserve-unknown-fields"] === false) {
    must("x-kubernetes-preserve-unknown-fields", false, "must be true or undefined")
  }
  const isOpen = schema["x-kubernetes-preserve-unknown-fields"] === true
  if (schema["x-kubernetes-embedded-resource"] === true && schema.properties === undefined && !isOpen) {
    const detail =
      "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields"
    errors.push({ type: "Required", field: `${at}.properties`, detail })
  }
  if (schema["x-kubernetes-int-or-string"] === true && schema.type !== undefined && schema.type !== "") {
    must("type", schema.type, "must be empty if x-kubernetes-int-or-string is true")
  }
  if (schema.type === "array" && schema.items === undefined) must("items", undefined, "must be specified")
  const isMap = schema["x-kubernetes-list-type"] === "map"
  if (schema["x-kubernetes-list-map-keys"] !== undefined && !isMap) {
    must(
      "x-kubernetes-list-type",
      schema["x-kubernetes-list-type"],
      "must be map if x-kubernetes-list-map-keys is non-empty",
    )
  }
  const items = isObject(schema.items) ? schema.items : undefined
  if (items && isMap) checkMapItems(schema, items, must)
  if (items && schema["x-kubernetes-list-type"] === "set") checkSetItems(items, at, errors, must)
}

type Must = (field: string, value: unknown, detail: string) => void

/** Items are told apart by their keys, so each must have all of them, and they must be comparable. */
function checkMapItems(schema: Json, items: Json, must: Must): void {
  if (items.type !== "object") {
    must("items.type", items.type, "must be object if parent array's x-kubernetes-list-type is map")
    return
  }
  const properties = isObject(items.properties) ? items.properties : {}
  const required = Array.isArray(items.required) ? items.required : []
  const keys = Array.isArray(schema["x-kubernetes-list-map-keys"]) ? schema["x-kubernetes-list-map-keys"] : []
  if (new Set(keys).size < keys.length) must("x-kubernetes-list-map-keys", keys, "must not contain duplicate entries")
  for (const key of keys) {
    const property = properties[String(key)]
    if (!isObject(property)) continue
    const field = `items.properties[${key}]`
    if (property.type === "object" || property.type === "array") {
      must(`${field}.type`, property.type, "must be a scalar type if parent array's x-kubernetes-list-type is map")
    }
    if (property.default !== undefined || required.includes(key)) continue
    const detail = "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property"
    must(`${field}.default`, undefined, detail)
  }
}

function checkSetItems(items: Json, at: string, errors: FieldError[], must: Must): void {
  if (items.nullable === true) {
    const detail = "cannot be nullable when x-kubernetes-list-type is set"
    errors.push({ type: "Forbidden", field: `${at}.items.nullable`, detail })
  }
  const keyword = items.type === "object" ? "x-kubernetes-map-type" : "x-kubernetes-list-type"
  if (items.type !== "object" && items.type !== "array") return
  // A list is atomic when it does not say.
  if (items[keyword] === "atomic" || (items.type === "array" && items[keyword] === undefined)) return
  must(`items.${keyword}`, items[keyword], "must be atomic as item of a list with x-kubernetes-list-type=set")
}

/** Metadata is what it is for every kind: a schema may say which names are good, and nothing else. */
export function checkMetadata(schema: Json, at: string, errors: FieldError[]): void {
  const metadata = isObject(schema.properties) ? schema.properties.metadata : undefined
  if (!isObject(metadata)) return
  const properties = isObject(metadata.properties) ? metadata.properties : {}
  const names = Object.keys(properties).every((name) => name === "name" || name === "generateName")
  const rest = Object.keys(metadata).every((key) => key === "type" || key === "properties" || key === "description")
  if (names && rest) return
  const detail = "must not specify anything other than name and generateName, but metadata is implicitly specified"
  errors.push({ type: "Forbidden", field: `${at}.properties[metadata]`, detail })
}
