import type { Program } from "@wick/sdk/api/cel"
import { forbidden } from "../forbidden.ts"
import type { Authorize } from "../policy/surroundings.ts"
import type { AdmissionAttributes } from "../step.ts"
import type { Webhook } from "./webhook.ts"

const compiled = new WeakMap<Webhook, readonly { readonly name: string; readonly program: Program }[]>()

/**
 * Whether a webhook's own conditions hold of a write. One that is false outweighs one that fails; a failure without
 * that means what its failurePolicy says: a refusal, or a webhook that is not asked.
 */
export async function conditionsAllow(
  webhook: Webhook,
  attributes: AdmissionAttributes,
  authorize: Authorize,
): Promise<boolean> {
  const { matchConditions = [], failurePolicy } = webhook
  if (matchConditions.length === 0) return true
  const [{ CelError }, { compileConditions }, { conditionsHold }, { requestValues }] = await Promise.all([
    import("@wick/sdk/api/cel"),
    import("../policy/compile.ts"),
    import("../policy/evaluate.ts"),
    import("../policy/surroundings.ts"),
  ])
  // What does not compile was refused when it was written.
  const conditions = compiled.get(webhook) ?? compileConditions(matchConditions, "matchConditions", [])
  compiled.set(webhook, conditions)
  try {
    if (conditions.length < matchConditions.length) throw new CelError("a matchCondition does not compile")
    return conditionsHold(conditions, requestValues(attributes, authorize))
  } catch (error) {
    if (!(error instanceof CelError)) throw error
    if (failurePolicy === "Fail") throw forbidden(attributes, error.message)
    return false
  }
}
