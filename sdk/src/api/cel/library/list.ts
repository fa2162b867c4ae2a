import { equal, order } from "../compare.ts"
import { CelError } from "../error.ts"
import { type Call, define, type Overload, walks } from "../function.ts"
import { Duration, toInt, Uint, type Value } from "../value.ts"

type List = readonly Value[]

function isSorted(list: List): boolean {
  return list.every((item, index) => index === 0 || (order(list[index - 1] ?? null, item) ?? Number.NaN) <= 0)
}

function extreme(list: List, wanted: "min" | "max"): Value {
  const [first, ...rest] = list
  if (first === undefined) throw new CelError(`${wanted} called on empty list`)
  const sign = wanted === "min" ? 1 : -1
  return rest.reduce((best: Value, item) => ((order(item, best) ?? 0) * sign < 0 ? item : best), first)
}

function sum(list: List): Value {
  const [first] = list
  if (first === undefined) return 0n
  if (typeof first === "number") return (list as readonly number[]).reduce((total, item) => total + item, 0)
  if (typeof first === "bigint") return (list as readonly bigint[]).reduce((total, item) => toInt(total + item), 0n)
  if (first instanceof Uint)
    return (list as readonly Uint[]).reduce((total, item) => new Uint(total.value + item.value), new Uint(0n))
  if (first instanceof Duration) {
    return (list as readonly Duration[]).reduce((total, item) => new Duration(total.ns + item.ns), new Duration(0n))
  }
  throw new CelError("no such overload: sum")
}

const indexOf = (list: List, item: Value, call: Call): bigint =>
  BigInt(list.findIndex((each) => equal(each, item, (units) => call.charge(units))))
const lastIndexOf = (list: List, item: Value, call: Call): bigint =>
  BigInt(list.findLastIndex((each) => equal(each, item, (units) => call.charge(units))))

/** What of `a` is in `b`, item by item: quadratic, and charged so. */
const inOther = (a: List, b: List, call: Call): List =>
  a.filter((item) => {
    call.charge(1)
    return b.some((each) => equal(item, each, (units) => call.charge(units)))
  })
const squared = ([a = 0, b = 0]: readonly number[]): number => a * b

const ordered = ["int", "uint", "double", "bool", "string", "bytes", "duration", "timestamp"]

export const list: readonly Overload[] = [
  ...ordered.flatMap((type) => [
    define(`list<${type}>::isSorted(): bool`, isSorted, walks),
    define(`list<${type}>::min(): ${type}`, (items: List) => extreme(items, "min"), walks),
    define(`list<${type}>::max(): ${type}`, (items: List) => extreme(items, "max"), walks),
  ]),
  ...["int", "uint", "double", "duration"].map((type) => define(`list<${type}>::sum(): ${type}`, sum, walks)),
  define("list<T>::indexOf(T): int", indexOf, walks),
  define("list<T>::lastIndexOf(T): int", lastIndexOf, walks),
  define(
    "sets.contains(list<T>, list<T>): bool",
    (a: List, b: List, call: Call) => inOther(b, a, call).length === b.length,
    squared,
  ),
  define(
    "sets.equivalent(list<T>, list<T>): bool",
    (a: List, b: List, call: Call) =>
      inOther(b, a, call).length === b.length && inOther(a, b, call).length === a.length,
    squared,
  ),
  define(
    "sets.intersects(list<T>, list<T>): bool",
    (a: List, b: List, call: Call) => inOther(a, b, call).length > 0,
    squared,
  ),
]
