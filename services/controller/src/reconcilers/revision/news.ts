import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Happening } from "@wick/sdk/controller"
import { currentCondition } from "../../conditions.ts"

type Status = NonNullable<Revision["status"]>

/** What of a change of status users are told as Events. */
export function newsOf(before: Revision, after: Status): Happening[] {
  const was = currentCondition(before as Conditioned, "Ready")?.status === "True"
  const is = after.conditions?.some(({ type, status }) => type === "Ready" && status === "True") === true
  if (was || !is) return []
  return [{ type: "Normal", reason: "RevisionReady", message: "Revision becomes ready upon all resources being ready" }]
}

type Conditioned = Parameters<typeof currentCondition>[0]
