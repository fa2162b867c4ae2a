import * as z from "zod"
import { optional, required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { SelfSubjectAccessReviewSpec, SubjectAccessReviewStatus } from "./access.ts"

export const SelfSubjectAccessReview = defineKind({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SelfSubjectAccessReview",
  plural: "selfsubjectaccessreviews",
  namespaced: false,
  description: "SelfSubjectAccessReview asks whether oneself may do something.",
  schema: z.object({
    spec: required(SelfSubjectAccessReviewSpec, "The question."),
    status: optional(SubjectAccessReviewStatus, "The answer."),
  }),
})
export type SelfSubjectAccessReview = KindOf<typeof SelfSubjectAccessReview>
