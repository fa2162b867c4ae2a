import { isObject, type JsonObject, jsonEqual } from "./json-value.ts"
import { fieldPlace, isAtomic, itemPlace, listShape, type SchemaPlace } from "./schema-walk.ts"

/**
 * A set of fields in the form of `managedFields[].fieldsV1`:
 *
 *     {"f:spec": {"f:replicas": {}, "f:containers": {"k:{\"name\":\"a\"}": {".": {}, "f:image": {}}}}}
 *
 * `f:` is a field, `k:` an item of a list that is a map, `v:` a value of a list that is a set, `.` the thing itself.
 */
export interface FieldSet {
  [element: string]: FieldSet
}

/** A path in a field set, element by element; a last `.` is left out. */
export type FieldPath = readonly string[]

/** The fields that an object says something about, as far as its schema lets them be owned apart. */
export function fieldsOf(value: unknown, at: SchemaPlace): FieldSet {
  if (Array.isArray(value)) return listFields(value, at)
  if (!isObject(value) || isAtomic(at)) return {}
  return Object.fromEntries(
    Object.entries(value).map(([key, child]) => [`f:${key}`, fieldsOf(child, fieldPlace(at, key))]),
  )
}

function listFields(list: readonly unknown[], at: SchemaPlace): FieldSet {
  const shape = listShape(at)
  if (shape.kind === "atomic") return {}
  if (shape.kind === "set") return Object.fromEntries(list.map((value) => [`v:${JSON.stringify(value)}`, {}]))
  const items = list.filter(isObject).map((item) => {
    const element = keyElement(item, shape.keys, itemPlace(at))
    return [element, { ".": {}, ...fieldsOf(item, itemPlace(at)) }] as const
  })
  return Object.fromEntries(items)
}

/** `k:{"containerPort":80,"protocol":"TCP"}`: keys in order, with their schema's defaults where an item has none. */
function keyElement(item: JsonObject, keys: readonly string[], at: SchemaPlace): string {
  const pairs = keys.toSorted().map((key) => [key, item[key] ?? fieldPlace(at, key).schema.default])
  return `k:${JSON.stringify(Object.fromEntries(pairs))}`
}

/** Every member of the set: leaves, and items that are owned themselves. */
export function membersOf(set: FieldSet, path: FieldPath = []): FieldPath[] {
  const own = Object.keys(set).length === 0 || "." in set ? [path] : []
  const below = Object.entries(set).flatMap(([element, child]) =>
    element === "." ? [] : membersOf(child, [...path, element]),
  )
  return path.length === 0 ? below : [...own, ...below]
}

/** Whether a path is in the set, itself or because the set owns something below it. */
export function has(set: FieldSet, path: FieldPath): boolean {
  let at: FieldSet | undefined = set
  for (const element of path) {
    at = at[element]
    if (at === undefined) return false
  }
  return true
}

export function without(set: FieldSet, paths: readonly FieldPath[]): FieldSet {
  const kept = membersOf(set).filter(
    (path) => !paths.some((gone) => gone.length === path.length && gone.every((each, i) => each === path[i])),
  )
  return setOf(kept)
}

export function union(...sets: readonly FieldSet[]): FieldSet {
  return setOf(sets.flatMap((set) => membersOf(set)))
}

export function setOf(paths: readonly FieldPath[]): FieldSet {
  const root: FieldSet = {}
  for (const path of paths) {
    let at = root
    for (const element of path) {
      at[element] ??= {}
      at = at[element] as FieldSet
    }
    if (Object.keys(at).length > 0 || path.at(-1)?.startsWith("k:")) at["."] = {}
  }
  return root
}

/** The value at a path; undefined when there is none. */
export function valueAtPath(object: unknown, path: FieldPath): unknown {
  let value = object
  for (const element of path) value = step(value, element)
  return value
}

function step(value: unknown, element: string): unknown {
  const name = element.slice(2)
  if (element.startsWith("f:")) return isObject(value) ? value[name] : undefined
  if (!Array.isArray(value)) return undefined
  if (element.startsWith("v:")) return value.find((item) => jsonEqual(item, JSON.parse(name)))
  return value.find((item) => isItem(item, JSON.parse(name) as JsonObject))
}

function isItem(item: unknown, keys: JsonObject): boolean {
  return (
    isObject(item) &&
    Object.entries(keys).every(([key, value]) => item[key] === undefined || jsonEqual(item[key], value))
  )
}

/** Removes what a path names from an object, in place. */
export function removeAtPath(object: unknown, path: FieldPath): void {
  const parent = valueAtPath(object, path.slice(0, -1))
  const last = path.at(-1) ?? ""
  if (last.startsWith("f:")) {
    if (isObject(parent)) delete parent[last.slice(2)]
    return
  }
  if (!Array.isArray(parent)) return
  const found = parent.indexOf(step(parent, last))
  if (found >= 0) parent.splice(found, 1)
}

/** `.spec.template.spec.containers[name="web"].image` */
export function describePath(path: FieldPath): string {
  return path.map(describeElement).join("")
}

function describeElement(element: string): string {
  const name = element.slice(2)
  if (element.startsWith("f:")) return `.${name}`
  if (element.startsWith("v:")) return `[=${name}]`
  const pairs = Object.entries(JSON.parse(name) as JsonObject).map(([key, value]) => `${key}=${JSON.stringify(value)}`)
  return `[${pairs.join(",")}]`
}
