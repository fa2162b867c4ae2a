import { CelError } from "./error.ts"
import { formatDuration, formatTimestamp, readDuration, readTimestamp } from "./library/time-text.ts"
import type { Type } from "./type.ts"
import { unordered } from "./unordered.ts"
import { Duration, isList, isMap, type MapValue, Timestamp, Uint, type Value } from "./value.ts"

/**
 * A JSON value as a value of a type, without a copy of what no expression looks at: objects are read field by field.
 * Numbers of unknown type are whole or not, as Kubernetes reads JSON.
 */
export function fromJson(json: unknown, type: Type): Value {
  if (json === null || json === undefined) return null
  if (typeof json === "string") return fromText(json, type)
  if (typeof json === "boolean") return json
  if (typeof json === "number") return type.kind !== "double" && Number.isInteger(json) ? BigInt(json) : json
  if (Array.isArray(json)) {
    const element: Type = type.kind === "list" ? type.element : { kind: "dyn" }
    const list = json.map((item) => fromJson(item, element))
    return type.kind === "list" && type.identity ? unordered(list, type.identity) : list
  }
  return new JsonMap(json as Record<string, unknown>, type)
}

function fromText(text: string, type: Type): Value {
  if (type.kind === "timestamp") return readTimestamp(/^\d{4}-\d\d-\d\d$/.test(text) ? `${text}T00:00:00Z` : text)
  if (type.kind === "duration") return readDuration(text)
  if (type.kind === "bytes") return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  return text
}

class JsonMap implements MapValue {
  readonly isMap = true
  readonly #json: Readonly<Record<string, unknown>>
  readonly #type: Type
  /** Lists are made once, since they are read again and again in loops. */
  readonly #made = new Map<string, Value>()

  constructor(json: Readonly<Record<string, unknown>>, type: Type) {
    this.#json = json
    this.#type = type
  }

  get type(): string {
    return this.#type.kind === "object" ? this.#type.name : "map"
  }

  get size(): number {
    return Object.keys(this.#json).length
  }

  get(key: Value): Value | undefined {
    if (typeof key !== "string") return undefined
    const known = this.#made.get(key)
    if (known !== undefined) return known
    const name = this.#type.kind === "object" ? unescapeName(key) : key
    if (!Object.hasOwn(this.#json, name) || this.#json[name] === undefined) return undefined
    const value = fromJson(this.#json[name], this.#fieldType(key))
    if (typeof value === "object" && value !== null) this.#made.set(key, value)
    return value
  }

  #fieldType(key: string): Type {
    if (this.#type.kind === "object") return this.#type.fields.get(key) ?? { kind: "dyn" }
    return this.#type.kind === "map" ? this.#type.value : { kind: "dyn" }
  }

  keys(): Iterable<Value> {
    const names = Object.keys(this.#json)
    return this.#type.kind === "object" ? names.map((name) => escapeName(name) ?? name) : names
  }
}

/** The other way. Throws CelError for what JSON cannot say. */
export function toJson(value: Value): unknown {
  if (value === null || typeof value === "boolean" || typeof value === "string" || typeof value === "number")
    return value
  if (typeof value === "bigint") return Number(value)
  if (value instanceof Uint) return Number(value.value)
  if (value instanceof Uint8Array) return btoa(Array.from(value, (byte) => String.fromCharCode(byte)).join(""))
  if (isList(value)) return value.map(toJson)
  if (value instanceof Timestamp) return formatTimestamp(value)
  if (value instanceof Duration) return formatDuration(value)
  if (!isMap(value)) throw new CelError("unsupported conversion to JSON")
  const entries = [...value.keys()].map((key): [string, unknown] => {
    if (typeof key !== "string") throw new CelError("unsupported conversion to JSON: the key of a map must be a string")
    const isField = value.type !== "map"
    return [isField ? unescapeName(key) : key, toJson(value.get(key) ?? null)]
  })
  return Object.fromEntries(entries)
}

const reserved: ReadonlySet<string> = new Set(
  "true false null in as break const continue else for function if import let loop package namespace return var void while".split(
    " ",
  ),
)

/** The name by which an expression speaks of a property; undefined: it cannot. */
export function escapeName(name: string): string | undefined {
  if (!/^[A-Za-z_.\-/][A-Za-z0-9_.\-/]*$/.test(name)) return undefined
  if (reserved.has(name)) return `__${name}__`
  return name
    .replaceAll("__", "__underscores__")
    .replaceAll(".", "__dot__")
    .replaceAll("-", "__dash__")
    .replaceAll("/", "__slash__")
}

const signs: Readonly<Record<string, string>> = { underscores: "__", dot: ".", dash: "-", slash: "/" }

function unescapeName(name: string): string {
  if (!name.includes("__")) return name
  const word = /^__([a-z]+)__$/.exec(name)?.[1]
  if (word !== undefined && reserved.has(word)) return word
  return name.replace(/__(underscores|dot|dash|slash)__/g, (_, sign: string) => signs[sign] ?? "")
}
