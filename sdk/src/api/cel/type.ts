import { Duration, isList, isMap, Opaque, Optional, Timestamp, TypeValue, Uint, type Value } from "./value.ts"

export type ScalarKind =
  | "dyn"
  | "bool"
  | "int"
  | "uint"
  | "double"
  | "string"
  | "bytes"
  | "null"
  | "timestamp"
  | "duration"
  | "type"

/** What makes items of a list the same ones, where their order says nothing: their value, or the values of these keys. */
export type ListIdentity = "value" | readonly string[]

/**
 * What is known of a value before it is there. `max` is how long it may be (characters, bytes, items, entries), from
 * which the cost of an expression is estimated; absent: as long as a request may be.
 */
export type Type =
  | { readonly kind: ScalarKind; readonly max?: number }
  | { readonly kind: "list"; readonly element: Type; readonly max?: number; readonly identity?: ListIdentity }
  | { readonly kind: "map"; readonly key: Type; readonly value: Type; readonly max?: number }
  | { readonly kind: "optional"; readonly element: Type }
  /** Fields may be found late, so that types can be made of each other. */
  | { readonly kind: "object"; readonly name: string; readonly fields: ReadonlyMap<string, Type> }
  | { readonly kind: "opaque"; readonly name: string }
  | { readonly kind: "parameter"; readonly name: string }

export const dyn: Type = { kind: "dyn" }
export const bool: Type = { kind: "bool" }
export const int: Type = { kind: "int" }
export const string: Type = { kind: "string" }

/** A message that has whatever field is asked of it. */
export function openMessage(name: string): Type {
  return { kind: "object", name, fields: new OpenFields() }
}

class OpenFields extends Map<string, Type> {
  override get(_: string): Type {
    return dyn
  }
}

export function listOf(element: Type): Type {
  return { kind: "list", element }
}
export function mapOf(key: Type, value: Type): Type {
  return { kind: "map", key, value }
}

const shownNames: Partial<Record<string, string>> = {
  null: "null",
  timestamp: "google.protobuf.Timestamp",
  duration: "google.protobuf.Duration",
}

export function describeType(type: Type): string {
  switch (type.kind) {
    case "list":
      return `list(${describeType(type.element)})`
    case "map":
      return `map(${describeType(type.key)}, ${describeType(type.value)})`
    case "optional":
      return `optional_type(${describeType(type.element)})`
    case "object":
    case "opaque":
    case "parameter":
      return type.name
    default:
      return shownNames[type.kind] ?? type.kind
  }
}

/** What the parameters of a function's signature stand for in one call. */
export type Bindings = Map<string, Type>

/** Whether a value of type `given` may stand where `wanted` is asked for; binds parameters of `wanted`. */
export function accepts(wanted: Type, given: Type, bindings: Bindings): boolean {
  if (wanted.kind === "parameter") {
    const bound = bindings.get(wanted.name)
    if (bound === undefined || bound.kind === "dyn") {
      if (bound === undefined) bindings.set(wanted.name, given)
      return true
    }
    if (accepts(bound, given, bindings)) return true
    if (!accepts(given, bound, bindings)) return false
    bindings.set(wanted.name, given)
    return true
  }
  if (wanted.kind === "dyn" || given.kind === "dyn" || given.kind === "parameter") return true
  if (given.kind === "null") return ["null", "object", "opaque", "timestamp", "duration"].includes(wanted.kind)
  if (wanted.kind === "null") return ["object", "opaque", "timestamp", "duration"].includes(given.kind)
  if (wanted.kind === "list") return given.kind === "list" && accepts(wanted.element, given.element, bindings)
  if (wanted.kind === "optional") return given.kind === "optional" && accepts(wanted.element, given.element, bindings)
  if (wanted.kind === "map") {
    return (
      given.kind === "map" && accepts(wanted.key, given.key, bindings) && accepts(wanted.value, given.value, bindings)
    )
  }
  if (wanted.kind === "object") return given.kind === "object" && wanted.name === given.name
  if (wanted.kind === "opaque") return given.kind === "opaque" && wanted.name === given.name
  return wanted.kind === given.kind
}

/** The type with its parameters replaced; what was not bound may be anything. */
export function bound(type: Type, bindings: Bindings): Type {
  switch (type.kind) {
    case "parameter":
      return bindings.get(type.name) ?? dyn
    case "list":
      return { ...type, element: bound(type.element, bindings) }
    case "optional":
      return { ...type, element: bound(type.element, bindings) }
    case "map":
      return { ...type, key: bound(type.key, bindings), value: bound(type.value, bindings) }
    default:
      return type
  }
}

/** The type of a place that holds both; dyn if they have nothing in common. */
export function joined(a: Type, b: Type): Type {
  if (a.kind === "dyn" || !accepts(a, b, new Map())) return dyn
  return b.kind === "dyn" || a.kind === "null" ? b : a
}

/** Whether a value is of a type, as far as it takes to choose between overloads. */
export function holds(type: Type, value: Value): boolean {
  switch (type.kind) {
    case "dyn":
    case "parameter":
      return true
    case "bool":
      return typeof value === "boolean"
    case "int":
      return typeof value === "bigint"
    case "uint":
      return value instanceof Uint
    case "double":
      return typeof value === "number"
    case "string":
      return typeof value === "string"
    case "bytes":
      return value instanceof Uint8Array
    case "null":
      return value === null
    case "timestamp":
      return value instanceof Timestamp
    case "duration":
      return value instanceof Duration
    case "type":
      return value instanceof TypeValue
    case "list":
      return isList(value)
    case "optional":
      return value instanceof Optional
    case "opaque":
      return value instanceof Opaque && value.type === type.name
    default:
      return typeof value === "object" && value !== null && isMap(value)
  }
}
