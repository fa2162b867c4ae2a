import { identityOf } from "./unordered.ts"
import { Duration, isList, isMap, Opaque, Optional, Timestamp, TypeValue, Uint, type Value } from "./value.ts"

/** Equality as CEL has it: across types of numbers, deep, and false rather than an error for different types. */
export function equal(a: Value, b: Value, charge: (units: number) => void): boolean {
  charge(0.1)
  if (a === b) return true
  const [left, right] = [numeric(a), numeric(b)]
  // biome-ignore lint/suspicious/noDoubleEquals: bigint and number compare by value this way
  if (left !== undefined && right !== undefined) return left == right
  if (isList(a)) return isList(b) && sameItems(a, b, charge)
  if (a instanceof Uint8Array) {
    return b instanceof Uint8Array && a.length === b.length && a.every((byte, index) => byte === b[index])
  }
  if (a instanceof Timestamp) return b instanceof Timestamp && a.ns === b.ns
  if (a instanceof Duration) return b instanceof Duration && a.ns === b.ns
  if (a instanceof TypeValue) return b instanceof TypeValue && a.name === b.name
  if (a instanceof Opaque) {
    return b instanceof Opaque && a.type === b.type && a.identity !== undefined && a.identity === b.identity
  }
  if (a instanceof Optional) {
    if (!(b instanceof Optional) || a.value === undefined || b.value === undefined) {
      return b instanceof Optional && a.value === b.value
    }
    return equal(a.value, b.value, charge)
  }
  if (!isMap(a) || !isMap(b) || a.size !== b.size) return false
  for (const key of a.keys()) {
    const [mine, other] = [a.get(key), b.get(key)]
    if (mine === undefined || other === undefined || !equal(mine, other, charge)) return false
  }
  return true
}

function sameItems(a: readonly Value[], b: readonly Value[], charge: (units: number) => void): boolean {
  if (a.length !== b.length) return false
  if (identityOf(a) ?? identityOf(b)) return a.every((item) => b.some((other) => equal(item, other, charge)))
  return a.every((item, index) => equal(item, b[index] ?? null, charge))
}

function numeric(value: Value): bigint | number | undefined {
  if (typeof value === "bigint" || typeof value === "number") return value
  return value instanceof Uint ? value.value : undefined
}

/** Below, at or above zero; undefined if the two have no order (or one is not a number). */
export function order(a: Value, b: Value): number | undefined {
  const [left, right] = [orderable(a), orderable(b)]
  if (typeof left === "string" && typeof right === "string") return compareText(left, right)
  if (left === undefined || right === undefined || typeof left === "string" || typeof right === "string")
    return undefined
  if (a instanceof Timestamp !== b instanceof Timestamp || a instanceof Duration !== b instanceof Duration)
    return undefined
  if ((typeof a === "boolean") !== (typeof b === "boolean")) return undefined
  if (Number.isNaN(left) || Number.isNaN(right)) return Number.NaN
  return left < right ? -1 : left > right ? 1 : 0
}

function orderable(value: Value): bigint | number | string | undefined {
  if (typeof value === "boolean") return value ? 1 : 0
  if (typeof value === "string") return value
  if (value instanceof Timestamp || value instanceof Duration) return value.ns
  if (value instanceof Uint8Array) return Array.from(value, (byte) => String.fromCharCode(byte)).join("")
  return numeric(value)
}

/** By code points, as UTF-8 sorts; JavaScript's own order is that of UTF-16. */
function compareText(a: string, b: string): number {
  if (a === b) return 0
  const [left, right] = [[...a], [...b]]
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const difference = (left[index]?.codePointAt(0) ?? 0) - (right[index]?.codePointAt(0) ?? 0)
    if (difference !== 0) return difference
  }
  return left.length - right.length
}
