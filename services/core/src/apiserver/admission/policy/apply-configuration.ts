import { CelError } from "@wick/sdk/api/cel"
import { isObject, jsonEqual } from "../../patch/json-value.ts"
import { fieldPlace, itemPlace, type SchemaPlace } from "../../patch/schema-walk.ts"

/**
 * The object with the fields of a configuration merged into it as server-side apply would: maps field by field, lists
 * that are maps item by item, sets joined. What is replaced as a whole is refused, since it could only be lost.
 */
export function applyConfiguration(object: unknown, configuration: unknown, at: SchemaPlace | undefined): unknown {
  return merge(object, configuration, at, "")
}

function merge(object: unknown, wanted: unknown, at: SchemaPlace | undefined, path: string): unknown {
  if (isObject(wanted)) {
    if (at?.isAtomic && path !== "") {
      throw new CelError(`error applying patch: may not mutate atomic arrays, maps or structs: ${path}`)
    }
    const base: Record<string, unknown> = isObject(object) ? { ...object } : {}
    for (const [name, value] of Object.entries(wanted)) {
      base[name] = merge(base[name], value, at && fieldPlace(at, name), `${path}.${name}`)
    }
    return base
  }
  return Array.isArray(wanted) ? mergeList(object, wanted, at, path) : wanted
}

function mergeList(object: unknown, wanted: readonly unknown[], at: SchemaPlace | undefined, path: string): unknown {
  const shape = at ? at.list : { kind: "atomic" as const }
  const base = Array.isArray(object) ? [...object] : []
  if (shape.kind === "atomic") {
    throw new CelError(`error applying patch: may not mutate atomic arrays, maps or structs: ${path}`)
  }
  if (shape.kind === "set") return [...base, ...wanted.filter((item) => !base.some((each) => jsonEqual(each, item)))]
  for (const item of wanted) {
    const same = (each: unknown): boolean =>
      isObject(each) && isObject(item) && shape.keys.every((key) => jsonEqual(each[key], item[key]))
    const index = base.findIndex(same)
    if (index === -1) base.push(item)
    else base[index] = merge(base[index], item, at && itemPlace(at), `${path}[${index}]`)
  }
  return base
}
