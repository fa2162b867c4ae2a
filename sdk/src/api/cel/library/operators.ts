import { equal, order } from "../compare.ts"
import { CelError } from "../error.ts"
import { type Call, define, type Overload, perCharacter, readsAll, walks } from "../function.ts"
import { Duration, isList, isMap, type MapValue, Optional, Timestamp, toInt, Uint, type Value } from "../value.ts"
import { concatenated } from "./concatenated.ts"

type Numbers<N> = (a: N, b: N) => N

function arithmetic(): Overload[] {
  const ints: Record<string, Numbers<bigint>> = {
    "_+_": (a, b) => a + b,
    "_-_": (a, b) => a - b,
    "_*_": (a, b) => a * b,
    "_/_": (a, b) => a / nonZero(b, "division by zero"),
    "_%_": (a, b) => a % nonZero(b, "modulus by zero"),
  }
  const doubles: Record<string, Numbers<number>> = {
    "_+_": (a, b) => a + b,
    "_-_": (a, b) => a - b,
    "_*_": (a, b) => a * b,
    "_/_": (a, b) => a / b,
  }
  return [
    ...Object.entries(ints).flatMap(([name, run]) => [
      define(`${name}(int, int): int`, (a: bigint, b: bigint) => toInt(run(a, b))),
      define(`${name}(uint, uint): uint`, (a: Uint, b: Uint) => new Uint(run(a.value, b.value))),
    ]),
    ...Object.entries(doubles).map(([name, run]) => define(`${name}(double, double): double`, run)),
    define("-_(int): int", (a: bigint) => toInt(-a)),
    define("-_(double): double", (a: number) => -a),
    define("!_(bool): bool", (a: boolean) => !a),
  ]
}

function nonZero(value: bigint, complaint: string): bigint {
  if (value === 0n) throw new CelError(complaint)
  return value
}

function joining(): Overload[] {
  return [
    define("_+_(string, string): string", (a: string, b: string) => a + b, readsAll),
    define("_+_(bytes, bytes): bytes", (a: Uint8Array, b: Uint8Array) => Uint8Array.from([...a, ...b]), readsAll),
    define(
      "_+_(list<T>, list<T>): list<T>",
      (a: readonly Value[], b: readonly Value[], call: Call) => concatenated(a, b, (units) => call.charge(units)),
      ([a = 0, b = 0]) => (a + b) * perCharacter,
    ),
    define("_+_(duration, duration): duration", (a: Duration, b: Duration) => new Duration(a.ns + b.ns)),
    define("_+_(timestamp, duration): timestamp", (a: Timestamp, b: Duration) => new Timestamp(a.ns + b.ns)),
    define("_+_(duration, timestamp): timestamp", (a: Duration, b: Timestamp) => new Timestamp(a.ns + b.ns)),
    define("_-_(duration, duration): duration", (a: Duration, b: Duration) => new Duration(a.ns - b.ns)),
    define("_-_(timestamp, duration): timestamp", (a: Timestamp, b: Duration) => new Timestamp(a.ns - b.ns)),
    define("_-_(timestamp, timestamp): duration", (a: Timestamp, b: Timestamp) => new Duration(a.ns - b.ns)),
  ]
}

const compared: readonly [name: string, holds: (order: number) => boolean][] = [
  ["_<_", (order) => order < 0],
  ["_<=_", (order) => order <= 0],
  ["_>_", (order) => order > 0],
  ["_>=_", (order) => order >= 0],
]
const ordered = ["bool", "int", "uint", "double", "string", "bytes", "timestamp", "duration"]
const numbers = ["int", "uint", "double"]

function comparison(): Overload[] {
  const pairs = [
    ...ordered.map((type) => [type, type] as const),
    ...numbers.flatMap((a) => numbers.filter((b) => b !== a).map((b) => [a, b] as const)),
  ]
  const smaller = ([a = 0, b = 0]: readonly number[]): number => Math.ceil(Math.min(a, b) * perCharacter)
  const comparing = compared.flatMap(([name, test]) =>
    pairs.map(([a, b]) =>
      define(
        `${name}(${a}, ${b}): bool`,
        (left: Value, right: Value) => test(order(left, right) ?? Number.NaN),
        smaller,
      ),
    ),
  )
  const same = (a: Value, b: Value, call: Call): boolean => equal(a, b, (units) => call.charge(units))
  return [
    ...comparing,
    define("_==_(T, T): bool", same, smaller),
    define("_!=_(T, T): bool", (a, b, call) => !same(a, b, call), smaller),
    define(
      "@in(T, list<T>): bool",
      (item: Value, list: readonly Value[], call: Call) => list.some((each) => same(item, each, call)),
      ([, list = 0]) => list,
    ),
    define("@in(K, map<K, V>): bool", (key: Value, map: MapValue) => map.get(key) !== undefined),
  ]
}

function indexing(): Overload[] {
  return [
    define("_[_](list<T>, int): T", (list: readonly Value[], index: bigint) => itemAt(list, index)),
    define("_[_](list<T>, dyn): T", (list: readonly Value[], index: Value) => itemAt(list, wholeNumber(index))),
    define("_[_](map<K, V>, K): V", (map: MapValue, key: Value) => {
      const value = map.get(key)
      if (value === undefined) throw new CelError(`no such key: ${keyShown(key)}`)
      return value
    }),
    define(
      "_[?_](list<T>, int): optional<T>",
      (list: readonly Value[], index: bigint) => new Optional(list[Number(index)]),
    ),
    define("_[?_](map<K, V>, K): optional<V>", (map: MapValue, key: Value) => new Optional(map.get(key))),
    define("_[?_](optional<T>, dyn): optional<dyn>", ({ value }: Optional, key: Value) => {
      if (value === undefined) return new Optional(undefined)
      if (isList(value)) return new Optional(value[Number(wholeNumber(key))])
      if (typeof value === "object" && value !== null && isMap(value)) return new Optional(value.get(key))
      throw new CelError("no such overload")
    }),
  ]
}

function itemAt(list: readonly Value[], index: bigint): Value {
  const item = list[Number(index)]
  if (item === undefined) throw new CelError(`index out of bounds: ${index}`)
  return item
}

function wholeNumber(value: Value): bigint {
  if (typeof value === "bigint") return value
  if (value instanceof Uint) return value.value
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value)
  throw new CelError("no such overload")
}

function keyShown(key: Value): string {
  return key instanceof Uint ? String(key.value) : String(key)
}

function sizes(): Overload[] {
  const of = (list: readonly Value[] | Uint8Array): bigint => BigInt(list.length)
  const characters = (text: string, call: Call): bigint => {
    // An estimate takes it for one step, as Kubernetes does; but it is one for every character.
    call.charge(text.length * perCharacter)
    let count = 0n
    for (const _ of text) count += 1n
    return count
  }
  const entries = (map: MapValue): bigint => BigInt(map.size)
  return [
    ...["size(string): int", "string::size(): int"].map((signature) => define(signature, characters)),
    ...["size(bytes): int", "bytes::size(): int"].map((signature) => define(signature, of)),
    ...["size(list<T>): int", "list<T>::size(): int"].map((signature) => define(signature, of)),
    ...["size(map<K, V>): int", "map<K, V>::size(): int"].map((signature) => define(signature, entries)),
  ]
}

function conditional(): Overload[] {
  const never = (): Value => {
    throw new CelError("no such overload")
  }
  // The evaluator decides these itself, without looking at what is not needed; the checker has their types from here.
  return [
    define("_&&_(bool, bool): bool", never),
    define("_||_(bool, bool): bool", never),
    define("_?_:_(bool, T, T): T", never),
  ]
}

export const operators: readonly Overload[] = [
  ...arithmetic(),
  ...joining(),
  ...comparison(),
  ...indexing(),
  ...sizes(),
  ...conditional(),
  define(
    "list<list<T>>::flatten(): list<T>",
    (list: readonly Value[]) => list.flatMap((each) => each as Value[]),
    walks,
  ),
]
