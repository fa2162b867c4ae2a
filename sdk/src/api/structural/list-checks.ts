import type { JsonSchema } from "./json-schema.ts"
import { descend, isObject, report, reportInBody, type Shape, type Walk } from "./shape.ts"

type ListCheck = (value: readonly unknown[], walk: Walk) => void

export function listChecks(schema: JsonSchema, shape: Shape): ListCheck[] {
  const { minItems, maxItems, uniqueItems } = schema
  const checks: ListCheck[] = []
  if (minItems !== undefined) {
    checks.push((value, walk) => {
      if (value.length >= minItems) return
      reportInBody(walk, "Invalid", `should have at least ${minItems} items`, value.length)
    })
  }
  if (maxItems !== undefined) {
    checks.push((value, walk) => {
      if (value.length > maxItems) report(walk, "TooMany", `must have at most ${maxItems} items`, value.length)
    })
  }
  if (uniqueItems === true) {
    checks.push((value, walk) => {
      const distinct = new Set(value.map((item) => canonical(item)))
      if (distinct.size < value.length) reportInBody(walk, "Invalid", "shouldn't contain duplicates", value)
    })
  }
  const listType = schema["x-kubernetes-list-type"]
  if (listType === "set") checks.push((value, walk) => forbidRepeats(value, identity, identity, walk))
  if (listType === "map") {
    const keys = schema["x-kubernetes-list-map-keys"] ?? []
    const textOf = (item: unknown): unknown => keyText(item, keys)
    checks.push((value, walk) => forbidRepeats(value, textOf, (item) => keyOf(item, keys), walk))
  }
  const { items } = shape
  if (items !== undefined) {
    checks.push((value, walk) => {
      for (let index = 0; index < value.length; index++) descend(items.validate, index, value[index], walk)
    })
  }
  return checks
}

const identity = (item: unknown): unknown => item

/** What the keys of an item say, as one comparable value. An item that is no object hears of its type elsewhere. */
function keyText(item: unknown, keys: readonly string[]): unknown {
  if (!isObject(item)) return undefined
  const [only] = keys
  // By far the most lists have one key: its value needs no text of its own.
  if (keys.length === 1 && only !== undefined) return item[only] ?? null
  let text = ""
  for (const key of keys) text += `${JSON.stringify(item[key] ?? null)},`
  return text
}

function keyOf(item: unknown, keys: readonly string[]): unknown {
  if (!isObject(item)) return undefined
  return Object.fromEntries(keys.filter((key) => item[key] !== undefined).map((key) => [key, item[key]]))
}

function forbidRepeats(
  list: readonly unknown[],
  comparable: (item: unknown) => unknown,
  shown: (item: unknown) => unknown,
  walk: Walk,
): void {
  if (list.length < 2) return
  const seen = new Set<unknown>()
  for (let index = 0; index < list.length; index++) {
    const value = comparable(list[index])
    if (value === undefined) continue
    const key = typeof value === "object" && value !== null ? canonical(value) : value
    if (seen.has(key)) descend((_, at) => report(at, "Duplicate", "", shown(list[index])), index, undefined, walk)
    else seen.add(key)
  }
}

/** JSON in which the order of fields does not matter. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner) =>
    isObject(inner) ? Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1))) : inner,
  )
}
