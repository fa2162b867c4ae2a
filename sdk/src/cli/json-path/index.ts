/**
 * JSONPath templates as kubectl and kn have them: `{.status.url}`, `{range .items[*]}{.metadata.name}{"\n"}{end}`,
 * `{.status.conditions[?(@.type=="Ready")].status}`. What is not there prints nothing. Pure.
 */
import { type Operand, type Part, type Path, parseJsonPath, type Step } from "./parse.ts"

export interface JsonPath {
  /** Values as text: several of one path with spaces between them, objects as JSON. */
  print(value: unknown): string
  /** All values of the template's paths. */
  find(value: unknown): unknown[]
}

/** Throws a `RangeError` that says where `template` is none. A path may stand without its braces. */
export function compileJsonPath(template: string): JsonPath {
  const parts = parseJsonPath(/[{}]/.test(template) ? template : `{${template}}`)
  return {
    print: (value) => printed(parts, value, value),
    find: (value) => parts.flatMap((part) => (part.kind === "output" ? follow(part.path, value, value) : [])),
  }
}

function printed(parts: readonly Part[], root: unknown, current: unknown): string {
  return parts
    .map((part) => {
      if (part.kind === "text") return part.text
      const found = follow(part.path, root, current, current)
      if (part.kind === "output") return found.map(text).join(" ")
      return found.map((each) => printed(part.parts, root, each)).join("")
    })
    .join("")
}

function text(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value)
}

/** Inside a range a path without `$` begins at what the range has reached, as kubectl has it. */
function follow(
  { from, steps }: Path,
  root: unknown,
  current: unknown,
  start = from === "root" ? root : current,
): unknown[] {
  return steps.reduce<unknown[]>((values, step) => values.flatMap((value) => taken(step, value, root)), [start])
}

function taken(step: Step, value: unknown, root: unknown): unknown[] {
  switch (step.kind) {
    case "field":
      return isObject(value) && !Array.isArray(value) && Object.hasOwn(value, step.name)
        ? [(value as Record<string, unknown>)[step.name]]
        : []
    case "each":
      return isObject(value) ? Object.values(value) : []
    case "deep":
      return isObject(value) ? [value, ...Object.values(value).flatMap((each) => taken(step, each, root))] : [value]
    case "slice":
      return Array.isArray(value) ? value.slice(step.from, step.to).filter((_, at) => at % step.by === 0) : []
    case "union":
      return step.steps.flatMap((each) => taken(each, value, root))
    case "filter":
      return (Array.isArray(value) ? value : []).filter((each) => holds(step, root, each))
  }
}

function holds({ left, operator, right }: Step & { kind: "filter" }, root: unknown, current: unknown): boolean {
  const lefts = operands(left, root, current)
  if (!right) return lefts.length > 0
  const rights = operands(right, root, current)
  return lefts.some((one) => rights.some((other) => compares(operator, one, other)))
}

function operands(operand: Operand, root: unknown, current: unknown): unknown[] {
  return operand.kind === "literal" ? [operand.value] : follow(operand.path, root, current)
}

function compares(operator: string, one: unknown, other: unknown): boolean {
  if (operator === "==") return one === other
  if (operator === "!=") return one !== other
  if (typeof one !== typeof other || !["number", "string"].includes(typeof one)) return false
  const [left, right] = [one as number, other as number]
  if (operator === "<") return left < right
  if (operator === "<=") return left <= right
  return operator === ">" ? left > right : left >= right
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null
}
