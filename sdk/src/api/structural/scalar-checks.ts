import { formats } from "./format.ts"
import { type JsonSchema, SchemaError } from "./json-schema.ts"
import { linearExpression } from "./linear-expression.ts"
import { type Check, report, reportInBody, type Walk } from "./shape.ts"

type StringCheck = (value: string, walk: Walk) => void
type NumberCheck = (value: number, walk: Walk) => void

export function stringChecks(schema: JsonSchema): StringCheck[] {
  const { minLength, maxLength, pattern, format } = schema
  const checks: StringCheck[] = []
  if (maxLength !== undefined) {
    checks.push((value, walk) => {
      // A character is at least one UTF-16 unit, so most strings need no counting.
      if (value.length <= maxLength || characters(value) <= maxLength) return
      report(walk, "TooLong", `may not be more than ${maxLength} bytes`)
    })
  }
  if (minLength !== undefined) {
    checks.push((value, walk) => {
      if (characters(value) >= minLength) return
      reportInBody(walk, "Invalid", `should be at least ${minLength} chars long`, value)
    })
  }
  if (pattern !== undefined) {
    const expression = expressionOf(pattern)
    checks.push((value, walk) => {
      if (!expression.test(value)) reportInBody(walk, "Invalid", `should match '${pattern}'`, value)
    })
  }
  const test = format === undefined ? undefined : formats.get(format)
  if (test !== undefined) {
    checks.push((value, walk) => {
      if (!test(value)) reportInBody(walk, "TypeInvalid", formatText(format, value), value)
    })
  }
  return checks
}

export function numberChecks(schema: JsonSchema): NumberCheck[] {
  const { multipleOf, format } = schema
  const checks: NumberCheck[] = [...upperBound(schema), ...lowerBound(schema)]
  if (multipleOf !== undefined) {
    checks.push((value, walk) => {
      const quotient = value / multipleOf
      // Decimal fractions are not exact: 0.3 / 0.1 is a hair below 3.
      if (Math.abs(quotient - Math.round(quotient)) < 1e-9) return
      reportInBody(walk, "Invalid", `should be a multiple of ${multipleOf}`, value)
    })
  }
  if (format === "int32") {
    checks.push((value, walk) => {
      if ((value | 0) !== value) reportInBody(walk, "TypeInvalid", `must be of type int32: "${value}"`, value)
    })
  }
  return checks
}

function upperBound({ maximum, exclusiveMaximum }: JsonSchema): NumberCheck[] {
  const inclusive = exclusiveMaximum === true ? undefined : maximum
  const exclusive = typeof exclusiveMaximum === "number" ? exclusiveMaximum : exclusiveMaximum ? maximum : undefined
  const checks: NumberCheck[] = []
  if (inclusive !== undefined) {
    checks.push((value, walk) => {
      if (value > inclusive) reportInBody(walk, "Invalid", `should be less than or equal to ${inclusive}`, value)
    })
  }
  if (exclusive !== undefined) {
    checks.push((value, walk) => {
      if (value >= exclusive) reportInBody(walk, "Invalid", `should be less than ${exclusive}`, value)
    })
  }
  return checks
}

function lowerBound({ minimum, exclusiveMinimum }: JsonSchema): NumberCheck[] {
  const inclusive = exclusiveMinimum === true ? undefined : minimum
  const exclusive = typeof exclusiveMinimum === "number" ? exclusiveMinimum : exclusiveMinimum ? minimum : undefined
  const checks: NumberCheck[] = []
  if (inclusive !== undefined) {
    checks.push((value, walk) => {
      if (value < inclusive) reportInBody(walk, "Invalid", `should be greater than or equal to ${inclusive}`, value)
    })
  }
  if (exclusive !== undefined) {
    checks.push((value, walk) => {
      if (value <= exclusive) reportInBody(walk, "Invalid", `should be greater than ${exclusive}`, value)
    })
  }
  return checks
}

export function enumCheck(schema: JsonSchema): Check[] {
  const allowed = schema.const !== undefined ? [schema.const] : schema.enum
  if (allowed === undefined) return []
  const keys = new Set(allowed.map((value) => enumKey(value)))
  const listed = allowed.map((value) => JSON.stringify(value)).join(", ")
  return [
    (value, walk) => {
      if (!keys.has(enumKey(value))) report(walk, "NotSupported", `supported values: ${listed}`, value)
    },
  ]
}

/** Scalars are their own keys; a composite is compared by its JSON. */
function enumKey(value: unknown): unknown {
  return typeof value === "object" && value !== null ? JSON.stringify(value) : value
}

function characters(value: string): number {
  let count = 0
  for (const _ of value) count++
  return count
}

function expressionOf(pattern: string): { test(text: string): boolean } {
  try {
    return linearExpression(pattern)
  } catch (error) {
    throw new SchemaError(`the pattern ${JSON.stringify(pattern)} is not a regular expression: ${error}`)
  }
}

const quantityText = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"

function formatText(format: string | undefined, value: string): string {
  return format === "quantity" ? quantityText : `must be of type ${format}: ${JSON.stringify(value)}`
}
