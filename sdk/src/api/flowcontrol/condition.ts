import * as z from "zod"
import { named, optional, text } from "../field.ts"
import { Time } from "../meta/object-meta.ts"

export const flowcontrol = "io.k8s.api.flowcontrol.v1."

/** A condition of a kind of this group: each has a type of its own with the same fields. */
export function conditionOf(kind: string) {
  return named(
    `${flowcontrol}${kind}Condition`,
    "One aspect of its state.",
    z.object({
      type: optional(text, "Which aspect."),
      status: optional(text, "Whether it holds: True, False or Unknown."),
      lastTransitionTime: optional(Time, "When the status last changed."),
      reason: optional(text, "Why, in one word."),
      message: optional(text, "Why."),
    }),
  )
}
