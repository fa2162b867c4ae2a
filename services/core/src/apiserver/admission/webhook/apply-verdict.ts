import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { applyJsonPatch } from "../../patch/json-patch.ts"
import { jsonEqual } from "../../patch/json-value.ts"
import type { Verdict } from "./review.ts"
import type { Webhook } from "./webhook.ts"

/** The object after a webhook's patch, and whether the patch made a difference. */
export function applyVerdict(
  { name }: Webhook,
  object: AnyObject | undefined,
  verdict: Verdict | undefined,
): { object: AnyObject | undefined; changed: boolean } {
  if (verdict === undefined || verdict.patch.length === 0 || object === undefined) return { object, changed: false }
  try {
    const patched = applyJsonPatch(object, verdict.patch) as AnyObject
    return { object: patched, changed: !jsonEqual(object, patched) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new StatusError("InternalError", `Internal error occurred: the patch of admission webhook "${name}": ${why}`)
  }
}
