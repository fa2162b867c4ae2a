import type { FieldError } from "../meta/field-error.ts"
import type { JsonSchema } from "./json-schema.ts"
import { type Check, placeText, report, type Shape, type Walk } from "./shape.ts"

/** `allOf`, `anyOf`, `oneOf` and `not`: they judge, and never add a field to what is known. */
export function logicChecks(schema: JsonSchema, compile: (part: JsonSchema) => Shape): Check[] {
  const checks: Check[] = []
  for (const part of schema.allOf ?? []) checks.push(compile(part).validate)
  if (schema.anyOf !== undefined) checks.push(anyOfCheck(schema.anyOf.map((part) => compile(part).validate)))
  if (schema.oneOf !== undefined) checks.push(oneOfCheck(schema.oneOf.map((part) => compile(part).validate)))
  if (schema.not !== undefined) checks.push(notCheck(compile(schema.not).validate))
  return checks
}

function anyOfCheck(alternatives: readonly Check[]): Check {
  return (value, walk) => {
    const failures = attempts(alternatives, value, walk)
    if (failures.length === alternatives.length) {
      report(walk, "Invalid", `"${placeText(walk)}" must validate at least one schema (anyOf)`, shown(value))
      walk.errors.push(...closest(failures))
    }
  }
}

function oneOfCheck(alternatives: readonly Check[]): Check {
  return (value, walk) => {
    const failures = attempts(alternatives, value, walk)
    const valid = alternatives.length - failures.length
    if (valid === 1) return
    const found = valid === 0 ? "Found none valid" : `Found ${valid} valid alternatives`
    const detail = `"${placeText(walk)}" must validate one and only one schema (oneOf). ${found}`
    report(walk, "Invalid", detail, shown(value))
    if (valid === 0) walk.errors.push(...closest(failures))
  }
}

function notCheck(check: Check): Check {
  return (value, walk) => {
    if (attempts([check], value, walk).length > 0) return
    report(walk, "Invalid", `"${placeText(walk)}" must not validate the schema (not)`, shown(value))
  }
}

/** The errors of each alternative that does not hold. */
function attempts(alternatives: readonly Check[], value: unknown, walk: Walk): FieldError[][] {
  return alternatives
    .map((check) => {
      const errors: FieldError[] = []
      check(value, { ...walk, errors })
      return errors
    })
    .filter((errors) => errors.length > 0)
}

/** Of the alternatives, what the one that came nearest lacks: most likely the one that was meant. */
function closest(failures: readonly FieldError[][]): readonly FieldError[] {
  return failures.reduce((best, errors) => (errors.length < best.length ? errors : best), failures[0] ?? [])
}

/** Scalars are shown; a whole object would bury the message. */
function shown(value: unknown): unknown {
  return typeof value === "object" ? "" : value
}
