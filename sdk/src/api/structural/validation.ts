import type { JsonSchema } from "./json-schema.ts"
import { listChecks } from "./list-checks.ts"
import { logicChecks } from "./logic-checks.ts"
import { objectChecks } from "./object-checks.ts"
import { enumCheck, numberChecks, stringChecks } from "./scalar-checks.ts"
import { type Check, isObject, reportInBody, type Shape, type Walk } from "./shape.ts"

/**
 * All checks of one schema as one closure. A value of the wrong type hears only of its type: what else the schema asks
 * would not make sense of it. Rules in CEL are judged elsewhere.
 */
export function validationOf(schema: JsonSchema, shape: Shape, compile: (part: JsonSchema) => Shape): Check {
  const types = allowedTypes(schema)
  const ofString = stringChecks(schema)
  const ofNumber = numberChecks(schema)
  const ofObject = objectChecks(schema, shape)
  const ofList = listChecks(schema, shape)
  const ofAny = [...enumCheck(schema), ...logicChecks(schema, compile)]
  const { nullable } = shape
  return (value, walk) => {
    if (value === null && nullable) return
    if (types !== undefined && !types.some((type) => isOfType(value, type))) return reportType(types, value, walk)
    if (typeof value === "string") run(ofString, value, walk)
    else if (typeof value === "number") run(ofNumber, value, walk)
    else if (isObject(value)) run(ofObject, value, walk)
    else if (Array.isArray(value)) run(ofList, value, walk)
    run(ofAny, value, walk)
  }
}

function run<Value>(checks: readonly ((value: Value, walk: Walk) => void)[], value: Value, walk: Walk): void {
  for (const check of checks) check(value, walk)
}

function allowedTypes(schema: JsonSchema): readonly string[] | undefined {
  if (schema["x-kubernetes-int-or-string"] === true) return ["integer", "string"]
  if (schema.type === undefined) return undefined
  const types = typeof schema.type === "string" ? [schema.type] : schema.type
  // "null" is how JSON Schema says nullable, which was looked at before.
  return types.filter((type) => type !== "null")
}

function isOfType(value: unknown, type: string): boolean {
  switch (type) {
    case "string":
      return typeof value === "string"
    case "boolean":
      return typeof value === "boolean"
    case "integer":
      return Number.isInteger(value)
    case "number":
      return typeof value === "number"
    case "array":
      return Array.isArray(value)
    case "object":
      return isObject(value)
    default:
      return true
  }
}

function reportType(types: readonly string[], value: unknown, walk: Walk): void {
  const found = typeName(value)
  reportInBody(walk, "TypeInvalid", `must be of type ${types.join(",")}: "${found}"`, found)
}

function typeName(value: unknown): string {
  if (value === null) return "null"
  if (Array.isArray(value)) return "array"
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number"
  return typeof value
}
