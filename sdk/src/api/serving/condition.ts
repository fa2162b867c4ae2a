import * as z from "zod"
import { named, optional, required, text } from "../field.ts"
import { ConditionStatus } from "../meta/condition.ts"
import { Time } from "../meta/object-meta.ts"

/** A condition as Knative's kinds write it: reason and message only when there is something to say. */
export const ServingCondition = named(
  "dev.knative.pkg.apis.Condition",
  "One aspect of the state of an object.",
  z.object({
    type: required(text, "Which aspect; Ready sums the others up."),
    status: required(ConditionStatus, "Whether it holds: True, False or Unknown."),
    severity: optional(text, "Empty: counts for Ready. Info: only informs."),
    lastTransitionTime: optional(Time, "When the status last changed."),
    reason: optional(text, "Why, as one word in CamelCase."),
    message: optional(text, "Why, as a sentence."),
  }),
)
export type ServingCondition = z.output<typeof ServingCondition>
