/**
 * The part of Go's text/template that operators write in configuration: fields, `index`, quoting functions, pipelines,
 * `if`/`else`, comments and trimmed space. What it does not know is refused when it is compiled, never later. Pure.
 * Plain objects are structs (a field that is not there is a mistake), a Map is a map (a key that is not there is empty).
 */
import { functions, holds, printed } from "./functions.ts"
import { type Call, type Expression, type Node, parseTemplate } from "./parse.ts"

export interface GoTemplate {
  readonly text: string
  /** The text with what `data` says filled in. Throws a `RangeError` in Go's words when it cannot be. */
  execute(data: object): string
}

/** Throws a `RangeError` that says where `text` is no template. */
export function compileTemplate(name: string, text: string): GoTemplate {
  const nodes = parseTemplate(name, text)
  return { text, execute: (data) => run(nodes, { name, data }) }
}

interface Scope {
  readonly name: string
  readonly data: unknown
}

function run(nodes: readonly Node[], scope: Scope): string {
  let out = ""
  for (const node of nodes) {
    if (node.kind === "text") out += node.text
    else if (node.kind === "output") out += printed(evaluate(node.pipeline, scope))
    else out += run(holds(evaluate(node.condition, scope)) ? node.met : node.otherwise, scope)
  }
  return out
}

/** Each call gets the outcome of the one before it as its last argument. */
function evaluate(pipeline: readonly Call[], scope: Scope): unknown {
  return pipeline.reduce<{ value: unknown; any: boolean }>(
    ({ value, any }, call) => ({ value: invoke(call, any ? [value] : [], scope), any: true }),
    { value: undefined, any: false },
  ).value
}

function invoke({ name, args }: Call, piped: readonly unknown[], scope: Scope): unknown {
  const values = args.map((argument) => resolved(argument, scope))
  if (name === undefined) {
    if (piped.length > 0) throw new RangeError(`template: ${scope.name}: can't give argument to non-function`)
    return values[0]
  }
  const known = functions[name]
  if (known === undefined) throw new RangeError(`template: ${scope.name}: function "${name}" not defined`)
  return known(...values, ...piped)
}

function resolved(expression: Expression, scope: Scope): unknown {
  if (expression.kind === "literal") return expression.value
  if (expression.kind === "group") return evaluate(expression.pipeline, scope)
  return expression.path.reduce<unknown>((from, field) => fieldOf(from, field, expression.path, scope), scope.data)
}

function fieldOf(from: unknown, field: string, path: readonly string[], { name }: Scope): unknown {
  if (from instanceof Map) return from.get(field)
  if (typeof from === "object" && from !== null && Object.hasOwn(from, field)) {
    return (from as Record<string, unknown>)[field]
  }
  throw new RangeError(
    `template: ${name}: executing "${name}" at <.${path.join(".")}>: can't evaluate field ${field} in type ${typeName(from)}`,
  )
}

function typeName(value: unknown): string {
  return typeof value === "object" ? "struct" : value === undefined ? "nil" : typeof value
}
