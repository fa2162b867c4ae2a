import type { AnyObject } from "@wick/sdk/api/kind"
import { jsonEqual } from "../patch/json-value.ts"
import type { Strategy } from "./strategy.ts"

/** A policy is looked at when it is written, so its status is true at once. */
export const validatingAdmissionPolicies: Strategy = {
  prepareCreate: (object) => {
    object.status = { ...typesOf(object), observedGeneration: 1 }
  },
  prepareUpdate: (object, old, _, subresource) => {
    if (subresource !== "") return
    const isSame = jsonEqual(object.spec, old.spec)
    const generation = (old.metadata.generation ?? 0) + (isSame ? 0 : 1)
    object.status = { ...(object.status as object | undefined), observedGeneration: generation }
  },
}

/** What checking its types has found by now. */
function typesOf({ status }: AnyObject): object {
  const { typeChecking } = (status ?? {}) as { typeChecking?: object }
  return typeChecking ? { typeChecking } : {}
}
