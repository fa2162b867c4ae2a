import type { ControllerRevision } from "@wick/sdk/api/apps/controller-revision"
import { jsonEqual } from "../patch/json-value.ts"
import { invalid, notNegative, required } from "./mistake.ts"
import type { Strategy } from "./strategy.ts"

/** What a controller kept does not change any more; only its place among the revisions does. */
export const controllerRevisions: Strategy = {
  validate(object, old) {
    const { data, revision } = object as unknown as ControllerRevision
    const before = old as unknown as ControllerRevision | undefined
    return [
      ...(data === undefined ? [required("data", "data is mandatory")] : []),
      ...notNegative("revision", revision),
      ...(before && !jsonEqual(data, before.data) ? [invalid("data", data, "field is immutable")] : []),
    ]
  },
}
