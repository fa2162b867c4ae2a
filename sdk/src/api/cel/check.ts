import { CompileError } from "./error.ts"
import type { Expression, Loop } from "./expression.ts"
import type { FunctionTable, Overload } from "./function.ts"
import { qualifiedName } from "./parse.ts"
import {
  accepts,
  type Bindings,
  bool,
  bound,
  describeType,
  dyn,
  int,
  joined,
  listOf,
  mapOf,
  type Type,
} from "./type.ts"

/** What an expression may speak of. */
export interface Declarations {
  readonly variables: ReadonlyMap<string, Type>
  /** Messages that it may make, such as `Object.spec`. */
  readonly messages: (name: string) => Type | undefined
  readonly functions: FunctionTable
}

/** What the checker found out, for the evaluation and for the estimate of its cost. */
export interface Checked {
  readonly type: Type
  readonly types: ReadonlyMap<Expression, Type>
  /** Which functions a call may mean; one, unless something is dyn. */
  readonly overloads: ReadonlyMap<Expression, readonly Overload[]>
}

type Scope = ReadonlyMap<string, Type>

/** The names of types are values. */
export const typeNames: ReadonlyMap<string, string> = new Map(
  "bool int uint double string bytes list map null_type type google.protobuf.Timestamp google.protobuf.Duration"
    .split(" ")
    .map((name) => [name, name]),
)

/** Throws CompileError at the first mistake. */
export function check(source: string, root: Expression, declarations: Declarations): Checked {
  const checker = new Checker(source, declarations)
  const type = checker.check(root, declarations.variables)
  return { type, types: checker.types, overloads: checker.overloads }
}

class Checker {
  readonly types = new Map<Expression, Type>()
  readonly overloads = new Map<Expression, readonly Overload[]>()
  readonly #source: string
  readonly #declarations: Declarations

  constructor(source: string, declarations: Declarations) {
    this.#source = source
    this.#declarations = declarations
  }

  check(expression: Expression, scope: Scope): Type {
    const type = this.#typeOf(expression, scope)
    this.types.set(expression, type)
    return type
  }

  #typeOf(expression: Expression, scope: Scope): Type {
    switch (expression.kind) {
      case "constant":
        return constantType(expression.value)
      case "name":
        return this.#name(expression, scope)
      case "select":
        return this.#select(expression, scope)
      case "call":
        return this.#call(expression, scope)
      case "list":
        return listOf(this.#common(expression.elements.map((each) => this.#element(each, scope))))
      case "map": {
        const keys = expression.entries.map(({ key }) => this.check(key, scope))
        const values = expression.entries.map((each) => this.#element(each, scope))
        return mapOf(this.#common(keys), this.#common(values))
      }
      case "message":
        return this.#message(expression, scope)
      case "loop":
        return this.#loop(expression, scope)
      case "bind":
        return this.check(expression.body, new Map(scope).set(expression.name, this.check(expression.value, scope)))
      case "optional-map": {
        const operand = this.check(expression.operand, scope)
        if (operand.kind !== "optional" && operand.kind !== "dyn")
          this.#noOverload(expression.operand, "optMap", [operand])
        const element = operand.kind === "optional" ? operand.element : dyn
        const body = this.check(expression.body, new Map(scope).set(expression.name, element))
        return expression.flat ? body : { kind: "optional", element: body }
      }
    }
  }

  #name(expression: Expression & { kind: "name" }, scope: Scope): Type {
    const type = scope.get(expression.name)
    if (type) return type
    if (typeNames.has(expression.name)) return { kind: "type" }
    return this.#fail(expression, `undeclared reference to '${expression.name}' (in container '')`)
  }

  #select(expression: Expression & { kind: "select" }, scope: Scope): Type {
    const full = qualifiedName(expression)
    const variable = full === undefined ? undefined : scope.get(full)
    if (variable && !expression.test) return variable
    if (full !== undefined && typeNames.has(full)) return { kind: "type" }
    const operand = this.check(expression.operand, scope)
    const isOptional = operand.kind === "optional"
    const inner = isOptional ? operand.element : operand
    const field = this.#field(inner, expression)
    if (expression.test) return bool
    return expression.optional || isOptional ? { kind: "optional", element: field } : field
  }

  #field(operand: Type, expression: Expression & { kind: "select" }): Type {
    if (operand.kind === "dyn") return dyn
    if (operand.kind === "map") return operand.value
    if (operand.kind !== "object") {
      return this.#fail(expression, `type '${describeType(operand)}' does not support field selection`)
    }
    const field = operand.fields.get(expression.field)
    return field ?? this.#fail(expression, `undefined field '${expression.field}'`)
  }

  #call(expression: Expression & { kind: "call" }, scope: Scope): Type {
    const { functions } = this.#declarations
    const spelled = expression.method && expression.parts[0] ? qualifiedName(expression.parts[0]) : undefined
    // `optional.of(x)` and `ip.isCanonical(x)` look like methods of something that there is not.
    const asNamespaced =
      spelled === undefined || scope.has(spelled.split(".")[0] ?? "")
        ? []
        : functions.find(`${spelled}.${expression.name}`, false)
    const isNamespaced = asNamespaced.length > 0
    const parts = isNamespaced ? expression.parts.slice(1) : expression.parts
    const candidates = isNamespaced ? asNamespaced : functions.find(expression.name, expression.method)
    const given = parts.map((part) => this.check(part, scope))
    if (candidates.length === 0) {
      this.#fail(expression, `undeclared reference to '${expression.name}' (in container '')`)
    }
    const fitting: Overload[] = []
    let result: Type | undefined
    for (const candidate of candidates) {
      const bindings: Bindings = new Map()
      if (candidate.parts.length !== given.length) continue
      if (!candidate.parts.every((wanted, index) => accepts(wanted, given[index] ?? dyn, bindings))) continue
      fitting.push(candidate)
      const type = bound(candidate.result, bindings)
      result = result === undefined ? type : sameOrDyn(result, type)
    }
    if (result === undefined) return this.#noOverload(expression, expression.name, given)
    this.overloads.set(expression, fitting)
    return result
  }

  #noOverload(expression: Expression, name: string, given: readonly Type[]): never {
    const isMethod = expression.kind === "call" && expression.method
    const [first, ...rest] = given.map(describeType)
    const shown = isMethod ? `${first}.(${rest.join(", ")})` : `(${given.map(describeType).join(", ")})`
    return this.#fail(expression, `found no matching overload for '${name}' applied to '${shown}'`)
  }

  #message(expression: Expression & { kind: "message" }, scope: Scope): Type {
    const type = this.#declarations.messages(expression.type)
    if (type?.kind !== "object") {
      return this.#fail(expression, `undeclared reference to '${expression.type}' (in container '')`)
    }
    for (const field of expression.fields) {
      const value = this.#element(field, scope)
      const wanted = type.fields.get(field.name)
      if (wanted === undefined) this.#fail(field.value, `undefined field '${field.name}'`)
      else if (!accepts(wanted, value, new Map())) {
        const detail = `expected type of field '${field.name}' is '${describeType(wanted)}' but provided type is '${describeType(value)}'`
        this.#fail(field.value, detail)
      }
    }
    return type
  }

  #element({ value, optional }: { readonly value: Expression; readonly optional: boolean }, scope: Scope): Type {
    const type = this.check(value, scope)
    if (!optional || type.kind === "dyn") return type
    if (type.kind === "optional") return type.element
    return this.#fail(value, `expected type 'optional_type(dyn)' but found '${describeType(type)}'`)
  }

  #common(types: readonly Type[]): Type {
    return types.length === 0 ? dyn : types.reduce(joined)
  }

  #loop(expression: Loop, scope: Scope): Type {
    const range = this.check(expression.range, scope)
    const isPlain = range.kind === "list" || range.kind === "map" || range.kind === "dyn"
    if (!isPlain) {
      const text = `expression of type '${describeType(range)}' cannot be range of a comprehension (must be list, map, or dynamic)`
      this.#fail(expression.range, text)
    }
    const inner = new Map(scope)
    const [first = "", second] = expression.names
    const [key, value]: readonly Type[] =
      range.kind === "list" ? [int, range.element] : range.kind === "map" ? [range.key, range.value] : [dyn, dyn]
    if (second === undefined) inner.set(first, (range.kind === "list" ? value : key) ?? dyn)
    else inner.set(first, key ?? dyn).set(second, value ?? dyn)
    if (expression.condition) this.#wantBool(expression.condition, inner)
    const judges = ["all", "exists", "existsOne", "filter"].includes(expression.loop)
    if (judges) this.#wantBool(expression.body, inner)
    const body = judges ? bool : this.check(expression.body, inner)
    if (expression.loop === "filter") return range.kind === "dyn" ? dyn : listOf(inner.get(first) ?? dyn)
    if (judges) return bool
    if (expression.loop === "map" || expression.loop === "transformList") return listOf(body)
    if (expression.loop === "transformMap") return mapOf(key ?? dyn, body)
    return body.kind === "map" ? body : mapOf(dyn, dyn)
  }

  #wantBool(expression: Expression, scope: Scope): void {
    const type = this.check(expression, scope)
    if (type.kind !== "bool" && type.kind !== "dyn") {
      this.#fail(expression, `expected type 'bool' but found '${describeType(type)}'`)
    }
  }

  #fail(expression: Expression, detail: string): never {
    throw new CompileError(this.#source, expression.at, detail)
  }
}

function sameOrDyn(a: Type, b: Type): Type {
  return describeType(a) === describeType(b) ? a : dyn
}

function constantType(value: unknown): Type {
  if (value === null) return { kind: "null" }
  if (typeof value === "boolean") return bool
  if (typeof value === "bigint") return int
  if (typeof value === "number") return { kind: "double" }
  if (typeof value === "string") return { kind: "string", max: value.length }
  return value instanceof Uint8Array ? { kind: "bytes", max: value.length } : { kind: "uint" }
}
