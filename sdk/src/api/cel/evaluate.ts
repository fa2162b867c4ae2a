import type { Checked } from "./check.ts"
import { typeNames } from "./check.ts"
import { CelError, CostError } from "./error.ts"
import type { Expression, Loop } from "./expression.ts"
import type { Call, Overload } from "./function.ts"
import { qualifiedName } from "./parse.ts"
import { holds } from "./type.ts"
import { CelMap, isList, isMap, Optional, TypeValue, typeName, type Value } from "./value.ts"

/** What the parts of an expression cost, as Kubernetes counts. */
export const costs = { lookup: 1, call: 1, list: 10, map: 30, message: 40 } as const

/** What is left to spend: shared by the expressions of one object. */
export interface Budget {
  left: number
}

export type Lookup = (name: string) => Value | undefined

/** Throws CelError, CostError among them, and nothing else. */
export function evaluate(root: Expression, checked: Checked, lookup: Lookup, budget: Budget): Value {
  try {
    return new Evaluation(checked, budget).run(root, { lookup })
  } catch (error) {
    if (error instanceof CelError) throw error
    // Whatever a library function of the platform says of its arguments.
    throw new CelError(error instanceof Error ? error.message : String(error))
  }
}

interface Scope {
  readonly lookup: Lookup
}

class Evaluation implements Call {
  readonly #checked: Checked
  readonly #budget: Budget

  constructor(checked: Checked, budget: Budget) {
    this.#checked = checked
    this.#budget = budget
  }

  charge(units: number): void {
    if (units > this.#budget.left) {
      this.#budget.left = 0
      throw new CostError()
    }
    this.#budget.left -= units
  }

  run(expression: Expression, scope: Scope): Value {
    switch (expression.kind) {
      case "constant":
        return expression.value
      case "name":
        this.charge(costs.lookup)
        return this.#name(expression.name, scope)
      case "select":
        this.charge(costs.lookup)
        return this.#select(expression, scope)
      case "call":
        return this.#call(expression, scope)
      case "list":
        this.charge(costs.list)
        return expression.elements.flatMap((each) => {
          const value = this.run(each.value, scope)
          // One array deep, so that a list in a list stays one.
          return each.optional ? present(value) : [value]
        })
      case "map":
        return this.#map(expression, scope)
      case "message":
        return this.#message(expression, scope)
      case "loop":
        return this.#loop(expression, scope)
      case "bind":
        return this.run(expression.body, within(scope, expression.name, this.run(expression.value, scope)))
      case "optional-map": {
        const operand = this.run(expression.operand, scope)
        if (!(operand instanceof Optional)) throw noOverload("optMap", [operand])
        if (operand.value === undefined) return operand
        const body = this.run(expression.body, within(scope, expression.name, operand.value))
        return expression.flat ? body : new Optional(body)
      }
    }
  }

  #name(name: string, { lookup }: Scope): Value {
    const value = lookup(name)
    if (value !== undefined) return value
    if (typeNames.has(name)) return new TypeValue(name)
    throw new CelError(`no such attribute(s): ${name}`)
  }

  #select(expression: Expression & { kind: "select" }, scope: Scope): Value {
    const full = qualifiedName(expression)
    // A variable's name may have a dot in it: authorizer.requestResource.
    const variable = full === undefined || expression.test ? undefined : scope.lookup(full)
    if (variable !== undefined) return variable
    if (full !== undefined && typeNames.has(full)) return new TypeValue(full)
    const operand = this.run(expression.operand, scope)
    const isOptional = operand instanceof Optional
    const inner = isOptional ? operand.value : operand
    const field = inner === undefined ? undefined : fieldOf(inner, expression.field, isOptional || expression.optional)
    if (expression.test) return field !== undefined
    if (isOptional || expression.optional) return new Optional(field)
    if (field === undefined) throw new CelError(`no such key: ${expression.field}`)
    return field
  }

  #call(expression: Expression & { kind: "call" }, scope: Scope): Value {
    const { name, parts } = expression
    if (name === "_&&_" || name === "_||_") return this.#logic(expression, scope)
    this.charge(costs.call)
    if (name === "_?_:_") {
      const [condition, yes, no] = parts as [Expression, Expression, Expression]
      const holds = this.run(condition, scope)
      if (typeof holds !== "boolean") throw noOverload(name, [holds])
      return this.run(holds ? yes : no, scope)
    }
    const candidates = this.#checked.overloads.get(expression) ?? []
    const receiver = parts[0]
    if (expression.method && receiver && (name === "or" || name === "orValue")) {
      const optional = this.run(receiver, scope)
      if (optional instanceof Optional) {
        if (optional.value !== undefined) return name === "or" ? optional : optional.value
        return this.run(parts[1] as Expression, scope)
      }
    }
    const isNamespaced = expression.method && candidates[0]?.method === false
    const values = (isNamespaced ? parts.slice(1) : parts).map((part) => this.run(part, scope))
    return this.apply(name, candidates, values)
  }

  apply(name: string, candidates: readonly Overload[], values: readonly Value[]): Value {
    const chosen = candidates.find(({ parts }) => parts.every((part, index) => holds(part, values[index] ?? null)))
    if (chosen === undefined) throw noOverload(name, values)
    this.charge(chosen.cost(values.map(sizeOf)))
    return chosen.run(values, this)
  }

  /** An error on one side counts for nothing if the other side decides. */
  #logic({ name, parts }: Expression & { kind: "call" }, scope: Scope): boolean {
    this.charge(costs.call)
    const deciding = name === "_||_"
    let failed: CelError | undefined
    for (const part of parts) {
      const value = this.#attempt(part, scope)
      if (value === deciding) return deciding
      if (value instanceof CelError) failed ??= value
      else if (typeof value !== "boolean") failed ??= noOverload(name, [value])
    }
    if (failed) throw failed
    return !deciding
  }

  #attempt(expression: Expression, scope: Scope): Value | CelError {
    try {
      return this.run(expression, scope)
    } catch (error) {
      if (error instanceof CelError && !(error instanceof CostError)) return error
      throw error
    }
  }

  #map(expression: Expression & { kind: "map" }, scope: Scope): Value {
    this.charge(costs.map)
    const map = new CelMap()
    for (const entry of expression.entries) {
      const key = this.run(entry.key, scope)
      const value = this.run(entry.value, scope)
      for (const each of entry.optional ? present(value) : [value]) map.add(key, each)
    }
    return map
  }

  #message(expression: Expression & { kind: "message" }, scope: Scope): Value {
    this.charge(costs.message)
    const message = new CelMap(expression.type)
    for (const field of expression.fields) {
      const value = this.run(field.value, scope)
      for (const each of field.optional ? present(value) : [value]) message.add(field.name, each)
    }
    return message
  }

  #loop(loop: Loop, scope: Scope): Value {
    const range = this.run(loop.range, scope)
    if (!isList(range) && !isMap(range)) throw noOverload("comprehension", [range])
    if (loop.loop === "all" || loop.loop === "exists") return this.#quantify(loop, range, scope)
    const items: Value[] = []
    const map = new CelMap()
    let count = 0
    for (const [key, value] of pairs(range)) {
      this.charge(costs.lookup)
      const inner = this.#step(loop, range, key, value, scope)
      if (loop.condition && this.run(loop.condition, inner) !== true) continue
      const result = this.run(loop.body, inner)
      if (loop.loop === "existsOne") count += result === true ? 1 : 0
      else if (loop.loop === "filter") {
        if (typeof result !== "boolean") throw noOverload("filter", [result])
        if (result) items.push(isList(range) ? value : key)
      } else if (loop.loop === "transformMap") map.add(key, result)
      else if (loop.loop === "transformMapEntry") {
        if (!isMap(result)) throw noOverload("transformMapEntry", [result])
        for (const each of result.keys()) map.add(each, result.get(each) ?? null)
      } else items.push(result)
    }
    if (loop.loop === "existsOne") return count === 1
    return loop.loop === "transformMap" || loop.loop === "transformMapEntry" ? map : items
  }

  #quantify(loop: Loop, range: readonly Value[] | (Value & { isMap: true }), scope: Scope): boolean {
    const deciding = loop.loop === "exists"
    let failed: CelError | undefined
    for (const [key, value] of pairs(range)) {
      this.charge(costs.lookup)
      const result = this.#attempt(loop.body, this.#step(loop, range, key, value, scope))
      if (result === deciding) return deciding
      if (result instanceof CelError) failed ??= result
      else if (typeof result !== "boolean") failed ??= noOverload(loop.loop, [result])
    }
    if (failed) throw failed
    return !deciding
  }

  #step(loop: Loop, range: Value, key: Value, value: Value, scope: Scope): Scope {
    const [first = "", second] = loop.names
    if (second === undefined) return within(scope, first, isList(range) ? value : key)
    return within(within(scope, first, key), second, value)
  }
}

function within({ lookup }: Scope, name: string, value: Value): Scope {
  return { lookup: (wanted) => (wanted === name ? value : lookup(wanted)) }
}

function* pairs(range: readonly Value[] | (Value & { isMap: true })): Iterable<[Value, Value]> {
  if (isList(range)) {
    for (let index = 0; index < range.length; index++) yield [BigInt(index), range[index] ?? null]
  } else if (isMap(range)) {
    for (const key of range.keys()) yield [key, range.get(key) ?? null]
  }
}

function present(value: Value): readonly Value[] {
  if (!(value instanceof Optional)) throw noOverload("?", [value])
  return value.value === undefined ? [] : [value.value]
}

function fieldOf(operand: Value, field: string, lenient: boolean): Value | undefined {
  if (isMap(operand)) return operand.get(field)
  if (lenient && operand === null) return undefined
  throw new CelError("no such overload")
}

/** Of texts the characters, of bytes, lists and maps the entries; of everything else 1. */
function sizeOf(value: Value): number {
  if (typeof value === "string" || value instanceof Uint8Array || isList(value)) return value.length
  return typeof value === "object" && value !== null && isMap(value) ? value.size : 1
}

function noOverload(name: string, values: readonly Value[]): CelError {
  return new CelError(`no such overload: ${name}(${values.map(typeName).join(", ")})`)
}
