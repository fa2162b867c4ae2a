import { pathParts } from "./field-path.ts"

/**
 * The value that a printer column's JSONPath names: fields, list indexes, `[*]`, and filters of the form
 * `[?(@.type=="Ready")]`. Several values are joined by commas, as kubectl prints them.
 */
export function evaluateJsonPath(object: unknown, path: string): unknown {
  const values = steps(path).reduce<unknown[]>((found, step) => found.flatMap((value) => apply(value, step)), [object])
  if (values.length <= 1) return values[0]
  return values.map(String).join(",")
}

type Step =
  | { kind: "field"; name: string }
  | { kind: "index"; at: number }
  | { kind: "all" }
  | { kind: "filter"; path: string[]; value: string }

const token =
  /\[\?\(@([^=]+)==\s*['"]([^'"]*)['"]\s*\)\]|\[\*\]|\[(-?\d+)\]|\[(?:'((?:\\.|[^'\\])+)'|"((?:\\.|[^"\\])+)")\]|((?:\\\.|[^.[\]])+)/g

function steps(path: string): Step[] {
  return [...path.replace(/^\{|\}$/g, "").matchAll(token)].map((match) => {
    const [text, filterPath, value, index, single, double, bare = ""] = match
    if (filterPath !== undefined) return { kind: "filter", path: pathParts(filterPath), value: value ?? "" }
    if (text === "[*]") return { kind: "all" }
    if (index !== undefined) return { kind: "index", at: Number(index) }
    return { kind: "field", name: (single ?? double ?? bare).replaceAll(/\\(.)/g, "$1") }
  })
}

function apply(value: unknown, step: Step): unknown[] {
  if (value === null || typeof value !== "object") return []
  switch (step.kind) {
    case "field":
      return present((value as Record<string, unknown>)[step.name])
    case "index":
      return Array.isArray(value) ? present(value.at(step.at)) : []
    case "all":
      return Object.values(value)
    case "filter":
      return Object.values(value).filter((item) => String(step.path.reduce(fieldOf, item)) === step.value)
  }
}

function fieldOf(value: unknown, name: string): unknown {
  return value !== null && typeof value === "object" ? (value as Record<string, unknown>)[name] : undefined
}

function present(value: unknown): unknown[] {
  return value === undefined ? [] : [value]
}
