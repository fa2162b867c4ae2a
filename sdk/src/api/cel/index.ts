/**
 * CEL, the language of Kubernetes' validation rules and admission policies: an expression is parsed and its types are
 * checked once, then it is evaluated many times, each time within a budget of cost. Pure. Whoever needs it imports it
 * when the first expression comes, since most clusters have none.
 */
import { type Checked, check, type Declarations } from "./check.ts"
import { CompileError } from "./error.ts"
import { estimate } from "./estimate.ts"
import { type Budget, evaluate, type Lookup } from "./evaluate.ts"
import type { Expression } from "./expression.ts"
import { library } from "./library/index.ts"
import { parse } from "./parse.ts"
import { describeType, type Type } from "./type.ts"
import type { Value } from "./value.ts"

export { CelError, CompileError, CostError } from "./error.ts"
export { requestMaxBytes } from "./estimate.ts"
export type { Budget, Lookup } from "./evaluate.ts"
export { escapeName, fromJson, toJson } from "./json.ts"
export { type AskAuthorizer, authorizer, authorizerType, resourceCheck } from "./library/authorizer.ts"
export { dyn, listOf, mapOf, openMessage, type Type } from "./type.ts"
export { isList, isMap, type MapValue, Optional, type Value } from "./value.ts"

export interface Program {
  readonly type: Type
  /** The most that an evaluation can cost. */
  readonly cost: number
  /** Whether the expression reads a variable. */
  readonly reads: (variable: string) => boolean
  /** Takes what it costs from the budget. Throws CelError. */
  evaluate(lookup: Lookup, budget: Budget): Value
}

export interface CompileOptions {
  readonly variables: ReadonlyMap<string, Type>
  readonly messages?: (name: string) => Type | undefined
  /** What its value must be one of. */
  readonly results?: readonly Type["kind"][]
}

/** Throws CompileError. */
export function compile(source: string, { variables, messages = () => undefined, results }: CompileOptions): Program {
  const root = parse(source)
  const declarations: Declarations = { variables, messages, functions: library }
  const checked: Checked = check(source, root, declarations)
  if (results && checked.type.kind !== "dyn" && !results.includes(checked.type.kind)) {
    throw new ResultError(`must evaluate to ${results[0]}`, describeType(checked.type))
  }
  const cost = estimate(root, checked)
  return {
    type: checked.type,
    cost,
    reads: (variable) => mentions(root, variable),
    evaluate: (lookup, budget) => evaluate(root, checked, lookup, budget),
  }
}

/** An expression that is well formed but of the wrong type. */
export class ResultError extends CompileError {
  constructor(detail: string, found: string) {
    super("", 0, `${detail}, not ${found}`)
    this.message = detail
  }
}

function mentions(expression: Expression, name: string): boolean {
  const inside = (part: unknown): boolean => {
    if (typeof part !== "object" || part === null) return false
    if (Array.isArray(part)) return part.some(inside)
    if ("kind" in part && part.kind === "name" && "name" in part && part.name === name) return true
    return Object.values(part).some(inside)
  }
  return inside(expression)
}
