import { dyn, type Type } from "./type.ts"
import type { Value } from "./value.ts"

/** What a function may do beside computing: say what it costs. */
export interface Call {
  /** Throws CostError once the budget is used up. */
  charge(units: number): void
}

export interface Overload {
  readonly name: string
  readonly method: boolean
  readonly parts: readonly Type[]
  readonly result: Type
  readonly run: (parts: readonly Value[], call: Call) => Value
  /** What it costs beyond 1: from the sizes of its parts, which are exact when it runs and upper bounds before. */
  readonly cost: Cost
}

export type Cost = (sizes: readonly number[]) => number

/** How much work reading a character is, beside calling a function. */
export const perCharacter = 0.1
export const free: Cost = () => 0
/** Reads its receiver once. */
export const reads: Cost = ([receiver = 0]) => Math.ceil(receiver * perCharacter)
export const readsAll: Cost = (sizes) => Math.ceil(sizes.reduce((sum, size) => sum + size, 0) * perCharacter)
/** Looks at every item of its receiver. */
export const walks: Cost = ([receiver = 0]) => receiver
/** Looks for one thing in another. */
export const searches: Cost = ([receiver = 0, wanted = 0]) =>
  Math.ceil(receiver * perCharacter) * Math.max(1, Math.ceil(wanted * perCharacter))

/**
 * Declares a function by what it looks like: `string.charAt(int): string`, `size(list<T>): int`. The receiver of a
 * method is the first of its parts.
 */
// biome-ignore lint/suspicious/noExplicitAny: the signature says what the parts are, and the checker holds callers to it
export function define(signature: string, run: (...parts: any[]) => Value, cost: Cost = free): Overload {
  const made = readSignature(signature)
  return { ...made, run: (parts, call) => run(...parts, call), cost }
}

function readSignature(signature: string): Omit<Overload, "run" | "cost"> {
  const open = signature.indexOf("(")
  const close = signature.lastIndexOf("):")
  const head = signature.slice(0, open)
  const dot = head.lastIndexOf("::")
  const receiver = dot === -1 ? [] : [readType(head.slice(0, dot))]
  const inside = signature.slice(open + 1, close)
  return {
    name: dot === -1 ? head : head.slice(dot + 2),
    method: dot !== -1,
    parts: [...receiver, ...splitTypes(inside).map(readType)],
    result: readType(signature.slice(close + 2).trim()),
  }
}

const scalars: ReadonlySet<string> = new Set(
  "dyn bool int uint double string bytes null timestamp duration type".split(" "),
)

/** `list<map<string, T>>`; a single capital letter is a parameter, other names are opaque types. */
export function readType(text: string): Type {
  const open = text.indexOf("<")
  if (open === -1) {
    if (text === "list") return { kind: "list", element: dyn }
    if (text === "map") return { kind: "map", key: dyn, value: dyn }
    if (scalars.has(text)) return { kind: text } as Type
    return /^[A-Z]$/.test(text) ? { kind: "parameter", name: text } : { kind: "opaque", name: text }
  }
  const [first = dyn, second = dyn] = splitTypes(text.slice(open + 1, -1)).map(readType)
  const outer = text.slice(0, open)
  if (outer === "map") return { kind: "map", key: first, value: second }
  return { kind: outer === "optional" ? "optional" : "list", element: first }
}

function splitTypes(text: string): string[] {
  const parts: string[] = []
  let depth = 0
  let from = 0
  for (let index = 0; index <= text.length; index++) {
    const character = text[index]
    if (character === "<") depth += 1
    else if (character === ">") depth -= 1
    else if (character === undefined || (character === "," && depth === 0)) {
      const part = text.slice(from, index).trim()
      if (part !== "") parts.push(part)
      from = index + 1
    }
  }
  return parts
}

/** Functions by how they are called. */
export class FunctionTable {
  readonly #byName = new Map<string, Overload[]>()

  constructor(overloads: Iterable<Overload>) {
    for (const overload of overloads) {
      const key = `${overload.method ? "." : ""}${overload.name}`
      const known = this.#byName.get(key)
      if (known) known.push(overload)
      else this.#byName.set(key, [overload])
    }
  }

  find(name: string, method: boolean): readonly Overload[] {
    return this.#byName.get(`${method ? "." : ""}${name}`) ?? []
  }
}
