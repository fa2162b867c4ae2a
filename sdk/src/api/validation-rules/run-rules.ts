import { type Budget, CelError, CostError, fromJson, Optional, type Value } from "../cel/index.ts"
import type { FieldError } from "../meta/field-error.ts"
import { isObject, pathText } from "../structural/shape.ts"
import type { CompiledRules } from "./compile-rules.ts"
import { type CompiledRule, defaultMessage, messageMaxBytes, type Rule, runMax } from "./rule.ts"
import { sameJson } from "./same-json.ts"

type Path = readonly (string | number)[]

/**
 * Every rule that an object breaks. What an update leaves as it was is not judged again, however wrong it is: otherwise
 * a new rule would stop all work on old objects. Rules that read oldSelf judge changes, so they run on updates only.
 */
export function runRules(rules: CompiledRules, object: unknown, old: unknown): FieldError[] {
  const run = new Run()
  run.judge(rules, object, old, [])
  return run.errors
}

class Run {
  readonly errors: FieldError[] = []
  readonly #budget: Budget = { left: runMax.object }
  #isOver = false

  judge(node: CompiledRules, value: unknown, old: unknown, path: Path): void {
    if (value === undefined || value === null || this.#isOver) return
    const isUnchanged = node.rules.length > 0 && old !== undefined && sameJson(value, old)
    for (const rule of node.rules) {
      if (this.#isOver) return
      if (isUnchanged && !rule.isTransition) continue
      if (rule.isTransition && old === undefined && rule.rule.optionalOldSelf !== true) continue
      this.#rule(rule, node, value, old, path)
    }
    if (Array.isArray(value)) this.#items(node, value, old, path)
    else if (isObject(value)) this.#fields(node, value, isObject(old) ? old : {}, path)
  }

  #fields(node: CompiledRules, value: Record<string, unknown>, old: Record<string, unknown>, path: Path): void {
    for (const [name, below] of node.properties) {
      if (Object.hasOwn(value, name)) this.judge(below, value[name], old[name], [...path, name])
    }
    if (!node.additional) return
    for (const name of Object.keys(value)) {
      this.judge(node.additional, value[name], node.atomic ? undefined : old[name], [...path, name])
    }
  }

  #items({ items, mapKeys }: CompiledRules, value: readonly unknown[], old: unknown, path: Path): void {
    if (!items) return
    const before = new Map<string, unknown>()
    if (mapKeys && Array.isArray(old)) for (const item of old) before.set(keyOf(item, mapKeys), item)
    for (const [index, item] of value.entries()) {
      this.judge(items, item, mapKeys && before.get(keyOf(item, mapKeys)), [...path, index])
    }
  }

  #rule({ rule, program, message }: CompiledRule, node: CompiledRules, value: unknown, old: unknown, path: Path): void {
    const lookup = (name: string): Value | undefined => {
      if (name === "self") return fromJson(value, node.type)
      if (name !== "oldSelf") return undefined
      const before = old === undefined ? undefined : fromJson(old, node.type)
      return rule.optionalOldSelf === true ? new Optional(before) : before
    }
    const budget: Budget = { left: Math.min(runMax.rule, this.#budget.left) }
    const given = budget.left
    try {
      const holds = program.evaluate(lookup, budget)
      this.#budget.left -= given - budget.left
      if (holds !== true)
        this.errors.push(failure(rule, node, path, this.#message(message, lookup) ?? defaultMessage(rule)))
    } catch (error) {
      if (!(error instanceof CelError)) throw error
      this.#budget.left -= given - budget.left
      this.#broken(rule, node, path, error)
    }
  }

  #broken(rule: Rule, node: CompiledRules, path: Path, error: CelError): void {
    const text = `failed rule: ${rule.rule.trim()}`
    let detail = `${error.message} evaluating rule: ${text}`
    if (error instanceof CostError) {
      this.#isOver = true
      detail =
        this.#budget.left <= 0
          ? "validation failed due to running out of cost budget, no further validation rules will be run"
          : `'${error.message}': no further validation rules will be run due to call cost exceeds limit for rule: ${text}`
    } else if (error.message.startsWith("no such overload")) {
      detail = `'${error.message}': call arguments did not match a supported operator, function or macro signature for rule: ${text}`
    }
    this.errors.push({ type: "Invalid", field: pathText(path), value: node.typeName, detail })
  }

  /** What the rule's own words come to; undefined when they fail or say nothing that fits on a line. */
  #message(program: CompiledRule["message"], lookup: (name: string) => Value | undefined): string | undefined {
    if (!program) return undefined
    try {
      const text = program.evaluate(lookup, { left: Math.min(runMax.rule, this.#budget.left) })
      if (typeof text !== "string" || text.trim() === "" || text.includes("\n") || text.length > messageMaxBytes)
        return undefined
      return text.trim()
    } catch (error) {
      if (error instanceof CelError) return undefined
      throw error
    }
  }
}

const types: Readonly<Record<string, FieldError["type"]>> = {
  FieldValueForbidden: "Forbidden",
  FieldValueRequired: "Required",
  FieldValueDuplicate: "Duplicate",
}

function failure({ reason = "", fieldPath = "" }: Rule, node: CompiledRules, path: Path, detail: string): FieldError {
  const below = fieldPath.replace(/\['([^']+)'\]/g, "[$1]")
  const field = `${pathText(path)}${below}`.replace(/^\./, "")
  const type = types[reason] ?? "Invalid"
  return { type, field: field === "" ? "<nil>" : field, value: node.typeName, detail }
}

function keyOf(item: unknown, keys: readonly string[]): string {
  return JSON.stringify(keys.map((key) => (isObject(item) ? (item[key] ?? null) : null)))
}
