import type { Program } from "../cel/index.ts"

/** A rule as it is written. */
export interface Rule {
  readonly rule: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
  readonly fieldPath?: string
  readonly optionalOldSelf?: boolean
}

export interface CompiledRule {
  readonly rule: Rule
  readonly program: Program
  readonly message: Program | undefined
  /** Reads oldSelf: judges a change, not a state. */
  readonly isTransition: boolean
}

export const reasons = [
  "FieldValueInvalid",
  "FieldValueForbidden",
  "FieldValueRequired",
  "FieldValueDuplicate",
] as const

/** What one rule may cost by estimate, and all rules of a definition together. */
export const estimateMax = { rule: 10_000_000, definition: 100_000_000 } as const
/** What one evaluation may cost, and all that are made for one object. */
export const runMax = { rule: 1_000_000, object: 10_000_000 } as const
export const messageMaxBytes = 5 * 1024

export function defaultMessage({ rule, message }: Rule): string {
  return message?.trim() || `failed rule: ${rule.trim()}`
}
