import * as z from "zod"
import { int64, named, optional, required, text } from "../field.ts"
import { Time } from "./object-meta.ts"

export const ConditionStatus = z.enum(["True", "False", "Unknown"])
export type ConditionStatus = z.output<typeof ConditionStatus>

export const Condition = named(
  "io.k8s.apimachinery.pkg.apis.meta.v1.Condition",
  "One aspect of the state of an object.",
  z.object({
    type: required(text, "Which aspect."),
    status: required(ConditionStatus, "Whether it holds: True, False or Unknown."),
    observedGeneration: optional(int64, "Generation of the object that the condition was computed from."),
    lastTransitionTime: required(Time, "When the status last changed."),
    reason: required(text, "Why, as one word in CamelCase."),
    message: required(text, "Why, as a sentence."),
  }),
)
export type Condition = z.output<typeof Condition>

interface AnyCondition {
  readonly type: string
  readonly status: string
}

/** The condition of a type in an object's status. */
export function findCondition<Item extends AnyCondition>(
  conditions: readonly Item[] | undefined,
  type: string,
): Item | undefined {
  return conditions?.find((condition) => condition.type === type)
}

export function isConditionTrue(conditions: readonly AnyCondition[] | undefined, type: string): boolean {
  return findCondition(conditions, type)?.status === "True"
}

/**
 * The list with `next` in the place of its predecessor. The time of the last transition is kept while the status stays
 * the same, so a status that says nothing new compares equal to the old one and need not be written.
 */
export function withCondition<Item extends AnyCondition & { lastTransitionTime?: string | undefined }>(
  conditions: readonly Item[] | undefined,
  next: Omit<Item, "lastTransitionTime">,
  now: string,
): Item[] {
  const before = findCondition(conditions, next.type)
  const lastTransitionTime = before?.status === next.status ? (before.lastTransitionTime ?? now) : now
  const made = { ...next, lastTransitionTime } as unknown as Item
  if (!before) return [...(conditions ?? []), made]
  return (conditions ?? []).map((condition) => (condition.type === next.type ? made : condition))
}
