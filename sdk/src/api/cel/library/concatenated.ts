import { equal } from "../compare.ts"
import type { ListIdentity } from "../type.ts"
import { identityOf, unordered } from "../unordered.ts"
import { isMap, type Value } from "../value.ts"

type Charge = (units: number) => void

/** `a + b`; where `a` is a set or a map, what `b` has of the same takes its place. */
export function concatenated(a: readonly Value[], b: readonly Value[], charge: Charge): readonly Value[] {
  const identity = identityOf(a)
  if (identity === undefined) return [...a, ...b]
  const list = [...a]
  for (const item of b) {
    const index = list.findIndex((each) => isSame(each, item, identity, charge))
    if (index === -1) list.push(item)
    else list[index] = item
  }
  return unordered(list, identity)
}

function isSame(a: Value, b: Value, identity: ListIdentity, charge: Charge): boolean {
  if (identity === "value") return equal(a, b, charge)
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null || !isMap(a) || !isMap(b)) return false
  return identity.every((key) => equal(a.get(key) ?? null, b.get(key) ?? null, charge))
}
