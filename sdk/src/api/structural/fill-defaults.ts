import { isObject, type Json, type Shape } from "./shape.ts"

/**
 * Fills in defaults, in place. A null where the schema allows none counts as absent, as it does for Kubernetes: it is
 * replaced by the default, or removed.
 */
export function fillDefaults(shape: Shape, value: unknown): void {
  if (Array.isArray(value)) {
    if (shape.items !== undefined) for (const item of value) fillDefaults(shape.items, item)
  } else if (isObject(value)) {
    fillObject(shape, value)
  }
}

function fillObject(shape: Shape, value: Json): void {
  for (const [name, property] of shape.defaulted) {
    const field = value[name]
    if (field === undefined || (field === null && !property.nullable)) value[name] = clone(property.defaultValue)
  }
  for (const name in value) {
    const known = shape.properties.get(name) ?? shape.additional
    if (typeof known !== "object") continue
    const field = value[name]
    // What says nothing of its type may well be null: fields of `z.unknown()`, and whatever an open schema holds.
    if (field === null && !known.nullable && !known.open) delete value[name]
    else if (typeof field === "object" && field !== null) fillDefaults(known, field)
  }
}

function clone(value: unknown): unknown {
  return typeof value === "object" && value !== null ? structuredClone(value) : value
}
