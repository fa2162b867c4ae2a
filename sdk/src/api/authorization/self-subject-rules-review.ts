import * as z from "zod"
import { optional, required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { SelfSubjectRulesReviewSpec, SubjectRulesReviewStatus } from "./access.ts"

export const SelfSubjectRulesReview = defineKind({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectRulesReview",
  plural: "selfsubjectrulesreviews",
  namespaced: false,
  description: "SelfSubjectRulesReview asks what oneself may do.",
  schema: z.object({
    spec: required(SelfSubjectRulesReviewSpec, "The question."),
    status: optional(SubjectRulesReviewStatus, "The answer."),
  }),
})
export type SelfSubjectRulesReview = KindOf<typeof SelfSubjectRulesReview>
