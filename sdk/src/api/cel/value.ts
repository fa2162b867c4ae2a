import { CelError } from "./error.ts"

/** int is bigint, double is number, bytes are Uint8Array. */
export type Value =
  | null
  | boolean
  | bigint
  | number
  | string
  | Uint
  | Uint8Array
  | Timestamp
  | Duration
  | TypeValue
  | Optional
  | Opaque
  | MapValue
  | readonly Value[]

export class Uint {
  readonly value: bigint
  constructor(value: bigint) {
    if (value < 0n || value > 0xffff_ffff_ffff_ffffn) throw new CelError("unsigned integer overflow")
    this.value = value
  }
}

const firstNs = -62_135_596_800_000_000_000n
const lastNs = 253_402_300_799_999_999_999n

export class Timestamp {
  readonly ns: bigint
  /** Nanoseconds since 1970, in the years 1 to 9999. */
  constructor(ns: bigint) {
    if (ns < firstNs || ns > lastNs) throw new CelError("timestamp overflow")
    this.ns = ns
  }
}

export class Duration {
  readonly ns: bigint
  constructor(ns: bigint) {
    this.ns = toInt(ns, "duration overflow")
  }
}

export class TypeValue {
  readonly name: string
  constructor(name: string) {
    this.name = name
  }
}

export class Optional {
  readonly value: Value | undefined
  constructor(value: Value | undefined) {
    this.value = value
  }
}

/** A value of a type that only its own functions look into: a quantity, an address, an authorizer. */
export class Opaque<Inner = unknown> {
  readonly type: string
  readonly inner: Inner
  /** What two equal ones have in common; absent: each equals itself only. */
  readonly identity: string | undefined
  constructor(type: string, inner: Inner, identity?: string) {
    this.type = type
    this.inner = inner
    this.identity = identity
  }
}

/** Maps, messages and objects of the API alike. */
export interface MapValue {
  readonly isMap: true
  /** "map", or the name of a message. */
  readonly type: string
  readonly size: number
  get(key: Value): Value | undefined
  keys(): Iterable<Value>
}

export class CelMap implements MapValue {
  readonly isMap = true
  readonly type: string
  readonly #entries = new Map<string, readonly [key: Value, value: Value]>()

  constructor(type = "map") {
    this.type = type
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: Value): Value | undefined {
    const text = keyText(key)
    return text === undefined ? undefined : this.#entries.get(text)?.[1]
  }

  /** Throws CelError for a key that no map may have, or has already. */
  add(key: Value, value: Value): void {
    const text = keyText(key)
    if (text === undefined) throw new CelError("unsupported key type")
    if (this.#entries.has(text))
      throw new CelError(`insert failed: key ${JSON.stringify(text.slice(2))} already exists`)
    this.#entries.set(text, [key, value])
  }

  *keys(): Iterable<Value> {
    for (const [key] of this.#entries.values()) yield key
  }
}

/** Numbers of every type that are equal are one key. */
function keyText(key: Value): string | undefined {
  if (typeof key === "string") return `s:${key}`
  if (typeof key === "bigint") return `n:${key}`
  if (typeof key === "boolean") return `b:${key}`
  if (key instanceof Uint) return `n:${key.value}`
  if (typeof key === "number" && Number.isInteger(key)) return `n:${BigInt(key)}`
  return undefined
}

export function isMap(value: Value): value is MapValue {
  return typeof value === "object" && value !== null && (value as MapValue).isMap === true
}

export function isList(value: Value): value is readonly Value[] {
  return Array.isArray(value)
}

/** Throws CelError for what 64 bits do not hold. */
export function toInt(value: bigint, complaint = "integer overflow"): bigint {
  if (value >= -0x8000_0000_0000_0000n && value <= 0x7fff_ffff_ffff_ffffn) return value
  throw new CelError(complaint)
}

export function typeName(value: Value): string {
  if (value === null) return "null_type"
  if (typeof value === "boolean") return "bool"
  if (typeof value === "bigint") return "int"
  if (typeof value === "number") return "double"
  if (typeof value === "string") return "string"
  if (value instanceof Uint) return "uint"
  if (value instanceof Uint8Array) return "bytes"
  if (value instanceof Timestamp) return "google.protobuf.Timestamp"
  if (value instanceof Duration) return "google.protobuf.Duration"
  if (value instanceof TypeValue) return "type"
  if (value instanceof Optional) return "optional_type"
  if (isList(value)) return "list"
  return value.type
}
