import type { Checked } from "./check.ts"
import { costs } from "./evaluate.ts"
import type { Expression } from "./expression.ts"
import type { Type } from "./type.ts"

/** As large as a request may be: so long is a text, and so many are the items, of which nothing else is said. */
export const requestMaxBytes = 3 * 1024 * 1024

/** The most that an evaluation can cost, from what the types say of sizes. */
export function estimate(root: Expression, checked: Checked): number {
  const cost = (expression: Expression): number => {
    switch (expression.kind) {
      case "constant":
        return 0
      case "name":
        return costs.lookup
      case "select":
        return costs.lookup + cost(expression.operand)
      case "call":
        if (expression.name === "_?_:_") {
          const [condition = 0, yes = 0, no = 0] = expression.parts.map(cost)
          return costs.call + condition + Math.max(yes, no)
        }
        return callCost(expression, checked) + sum(expression.parts.map(cost))
      case "list":
        return costs.list + sum(expression.elements.map(({ value }) => cost(value)))
      case "map":
        return costs.map + sum(expression.entries.map(({ key, value }) => cost(key) + cost(value)))
      case "message":
        return costs.message + sum(expression.fields.map(({ value }) => cost(value)))
      case "bind":
        return cost(expression.value) + cost(expression.body)
      case "optional-map":
        return cost(expression.operand) + cost(expression.body)
      case "loop": {
        const step = costs.lookup + 2 + cost(expression.body) + (expression.condition ? cost(expression.condition) : 0)
        return cost(expression.range) + sizeOf(expression.range, checked) * step
      }
    }
  }
  return Math.ceil(cost(root))
}

function callCost(expression: Expression & { kind: "call" }, checked: Checked): number {
  const overloads = checked.overloads.get(expression) ?? []
  const isNamespaced = expression.method && overloads[0]?.method === false
  const parts = isNamespaced ? expression.parts.slice(1) : expression.parts
  const sizes = parts.map((part) => sizeOf(part, checked))
  return costs.call + Math.max(0, ...overloads.map((overload) => overload.cost(sizes)))
}

/** How long the value of an expression can be. */
function sizeOf(expression: Expression, checked: Checked): number {
  if (expression.kind === "list") return expression.elements.length
  if (expression.kind === "map") return expression.entries.length
  if (expression.kind === "loop") return sizeOf(expression.range, checked)
  if (expression.kind === "call") {
    const [first, second, third] = expression.parts
    if (expression.name === "_+_" && first && second) return sizeOf(first, checked) + sizeOf(second, checked)
    if (expression.name === "_?_:_" && second && third) return Math.max(sizeOf(second, checked), sizeOf(third, checked))
    // What these give is never longer than what they are given.
    if (first && notLonger.has(expression.name)) return sizeOf(first, checked)
  }
  const type = checked.types.get(expression)
  return type === undefined ? requestMaxBytes : typeSize(type)
}

const notLonger: ReadonlySet<string> = new Set(
  "lowerAscii upperAscii trim substring charAt reverse split find findAll dyn".split(" "),
)

function typeSize(type: Type): number {
  switch (type.kind) {
    case "string":
    case "bytes":
    case "list":
    case "map":
      return type.max ?? requestMaxBytes
    case "dyn":
    case "parameter":
      return requestMaxBytes
    default:
      return 1
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
