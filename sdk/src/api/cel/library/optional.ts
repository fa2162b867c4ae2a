import { CelError } from "../error.ts"
import { define, type Overload } from "../function.ts"
import { Duration, isList, isMap, Optional, Uint, type Value } from "../value.ts"

function isZero(value: Value): boolean {
  if (value === null || value === false || value === "" || value === 0 || value === 0n) return true
  if (value instanceof Uint) return value.value === 0n
  if (value instanceof Duration) return value.ns === 0n
  if (value instanceof Uint8Array || isList(value)) return value.length === 0
  return typeof value === "object" && isMap(value) && value.size === 0
}

const never = (): Value => {
  throw new CelError("no such overload")
}

export const optional: readonly Overload[] = [
  define("optional.of(T): optional<T>", (value: Value) => new Optional(value)),
  define("optional.none(): optional<T>", () => new Optional(undefined)),
  define("optional.ofNonZeroValue(T): optional<T>", (value: Value) => new Optional(isZero(value) ? undefined : value)),
  define("optional<T>::hasValue(): bool", ({ value }: Optional) => value !== undefined),
  define("optional<T>::value(): T", ({ value }: Optional) => {
    if (value === undefined) throw new CelError("optional.none() dereference")
    return value
  }),
  // The evaluator decides these itself, without looking at what is not needed.
  define("optional<T>::orValue(T): T", never),
  define("optional<T>::or(optional<T>): optional<T>", never),
  define("list<T>::first(): optional<T>", (list: readonly Value[]) => new Optional(list[0])),
  define("list<T>::last(): optional<T>", (list: readonly Value[]) => new Optional(list.at(-1))),
]
