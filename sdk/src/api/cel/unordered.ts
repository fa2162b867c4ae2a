import type { ListIdentity } from "./type.ts"
import type { Value } from "./value.ts"

/** Lists of the API in which the order of items says nothing. */
const identities = new WeakMap<readonly Value[], ListIdentity>()

export function unordered(list: readonly Value[], identity: ListIdentity): readonly Value[] {
  identities.set(list, identity)
  return list
}

export function identityOf(list: readonly Value[]): ListIdentity | undefined {
  return identities.get(list)
}
