import * as z from "zod"
import { optional, required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from "./access.ts"

export const SubjectAccessReview = defineKind({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "SubjectAccessReview",
  plural: "subjectaccessreviews",
  namespaced: false,
  description: "SubjectAccessReview asks whether somebody may do something.",
  schema: z.object({
    spec: required(SubjectAccessReviewSpec, "The question."),
    status: optional(SubjectAccessReviewStatus, "The answer."),
  }),
})
export type SubjectAccessReview = KindOf<typeof SubjectAccessReview>
