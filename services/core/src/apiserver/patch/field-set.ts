import type { JsonObject } from "./json-value.ts"

/**
 * A set of fields in the form of `managedFields[].fieldsV1`:
 *
 *     {"f:spec": {"f:replicas": {}, "f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:image": {}}}}}
 *
 * `f:` is a field, `k:` an item of a list that is a map, `v:` a value of a list that is a set. An element that holds
 * nothing, or `.`, is itself in the set; any other is only on the way to what it holds. Elements are in order. Sets are
 * never changed, so they share what they have in common; an empty set is `undefined`.
 */
export interface FieldSet {
  readonly [element: string]: FieldSet
}

/** A path in a field set, element by element. */
export type FieldPath = readonly string[]

const self = "."
export const leaf: FieldSet = Object.freeze({})
const here = { [self]: leaf }

export function isMember(set: FieldSet): boolean {
  if (self in set) return true
  for (const _ in set) return false
  return true
}

/** The set of an element: of itself, if `member`, and of what is below it. */
export function elementSet(member: boolean, below: FieldSet): FieldSet | undefined {
  const elements = Object.keys(below)
  if (elements.length === 0) return member ? leaf : undefined
  if (elements.length > 1) elements.sort()
  const set: Record<string, FieldSet> = member ? { ...here } : {}
  for (const element of elements) if (element !== self) set[element] = below[element] as FieldSet
  if (member) return elements.length === 1 && elements[0] === self ? leaf : set
  return elements.length === 1 && elements[0] === self ? undefined : set
}

export function union(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || a === b) return b
  if (!b) return a
  let joined: Record<string, FieldSet> | undefined
  for (const element in b) {
    if (element === self) continue
    const mine = a[element]
    const both = union(mine, b[element]) as FieldSet
    if (both === mine) continue
    joined ??= { ...a }
    joined[element] = both
  }
  const member = isMember(a) || isMember(b)
  if (!joined && member === isMember(a)) return a
  return elementSet(member, joined ?? a)
}

/** What is in `a` and not in `b`. */
export function difference(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b) return a
  let left: Record<string, FieldSet> | undefined
  for (const element in b) {
    const mine = element === self ? undefined : a[element]
    if (mine === undefined) continue
    const rest = difference(mine, b[element])
    if (rest === mine) continue
    left ??= { ...a }
    if (rest) left[element] = rest
    else delete left[element]
  }
  const member = isMember(a) && !isMember(b)
  if (!left && member === isMember(a)) return a
  return elementSet(member, left ?? a)
}

export function intersection(a: FieldSet | undefined, b: FieldSet | undefined): FieldSet | undefined {
  if (!a || !b || a === b) return a && b
  const shared: Record<string, FieldSet> = {}
  for (const element in b) {
    const both = element === self ? undefined : intersection(a[element], b[element])
    if (both) shared[element] = both
  }
  return elementSet(isMember(a) && isMember(b), shared)
}

/** Every member of a set, in order, what holds others before them. */
export function membersOf(set: FieldSet | undefined, path: FieldPath = []): FieldPath[] {
  if (!set) return []
  const own = path.length > 0 && isMember(set) ? [path] : []
  const below = Object.entries(set).flatMap(([element, child]) =>
    element === self ? [] : membersOf(child, [...path, element]),
  )
  return [...own, ...below]
}

export function setOf(paths: readonly FieldPath[]): FieldSet | undefined {
  return paths.reduce<FieldSet | undefined>((set, path) => union(set, chain(path)), undefined)
}

function chain(path: FieldPath): FieldSet {
  return path.reduceRight<FieldSet>((below, element) => ({ [element]: below }), leaf)
}

/** Deeper than any object that is worth owning in parts. */
const depthMax = 64

/** A set that somebody else wrote; undefined if it is none. */
export function readFieldSet(value: unknown, depth = 0): FieldSet | undefined {
  if (value === null || typeof value !== "object" || Array.isArray(value) || depth > depthMax) return undefined
  const set: Record<string, FieldSet> = {}
  for (const [element, below] of Object.entries(value)) {
    const read = isElement(element) ? readFieldSet(below, depth + 1) : undefined
    if (!read) return undefined
    if (element !== self) set[element] = read
  }
  return elementSet(isMember(value as FieldSet), set) ?? leaf
}

function isElement(element: string): boolean {
  if (element === self || element.startsWith("f:") || /^i:\d+$/.test(element)) return true
  if (!element.startsWith("k:") && !element.startsWith("v:")) return false
  try {
    const value: unknown = JSON.parse(element.slice(2))
    return element.startsWith("v:") || (value !== null && typeof value === "object" && !Array.isArray(value))
  } catch {
    return false
  }
}

/** `.spec.template.spec.containers[name="web"].image` */
export function describePath(path: FieldPath): string {
  return path.map(describeElement).join("")
}

function describeElement(element: string): string {
  const name = element.slice(2)
  if (element.startsWith("f:")) return `.${name}`
  if (element.startsWith("v:")) return `[=${name}]`
  if (element.startsWith("i:")) return `[${name}]`
  const pairs = Object.entries(JSON.parse(name) as JsonObject).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  return `[${pairs.join(",")}]`
}
