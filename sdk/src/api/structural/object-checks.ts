import type { JsonSchema } from "./json-schema.ts"
import { descend, type Json, report, reportInBody, type Shape, type Walk } from "./shape.ts"

type ObjectCheck = (value: Json, walk: Walk) => void

export function objectChecks(schema: JsonSchema, shape: Shape): ObjectCheck[] {
  const { required = [], minProperties, maxProperties } = schema
  const checks: ObjectCheck[] = []
  if (required.length > 0) checks.push((value, walk) => requireFields(required, value, walk))
  if (minProperties !== undefined) {
    checks.push((value, walk) => {
      if (Object.keys(value).length >= minProperties) return
      reportInBody(walk, "Invalid", `should have at least ${minProperties} properties`, value)
    })
  }
  if (maxProperties !== undefined) {
    checks.push((value, walk) => {
      const count = Object.keys(value).length
      if (count > maxProperties) report(walk, "TooMany", `must have at most ${maxProperties} items`, count)
    })
  }
  if (schema["x-kubernetes-embedded-resource"] === true) checks.push(checkTypeMeta)
  if (schema.additionalProperties === false) checks.push((value, walk) => forbidUnknown(shape, value, walk))
  if (shape.properties.size > 0 || typeof shape.additional === "object") {
    checks.push((value, walk) => checkFields(shape, value, walk))
  }
  return checks
}

function requireFields(required: readonly string[], value: Json, walk: Walk): void {
  for (const name of required) {
    if (Object.hasOwn(value, name) && value[name] !== undefined) continue
    descend((_, at) => report(at, "Required", ""), name, undefined, walk)
  }
}

function checkTypeMeta(value: Json, walk: Walk): void {
  for (const name of ["apiVersion", "kind"]) {
    if (value[name]) continue
    descend((_, at) => report(at, "Required", "must not be empty"), name, undefined, walk)
  }
}

function forbidUnknown(shape: Shape, value: Json, walk: Walk): void {
  for (const name in value) {
    if (shape.properties.has(name)) continue
    descend((_, at) => report(at, "Forbidden", "this field is not known here"), name, undefined, walk)
  }
}

function checkFields({ properties, additional }: Shape, value: Json, walk: Walk): void {
  for (const name in value) {
    const field = value[name]
    if (field === undefined) continue
    const shape = properties.get(name) ?? additional
    if (typeof shape === "object") descend(shape.validate, name, field, walk)
  }
}
