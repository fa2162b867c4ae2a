import * as z from "zod"
import { optional, required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { SubjectAccessReviewSpec, SubjectAccessReviewStatus } from "./access.ts"

export const LocalSubjectAccessReview = defineKind({
  group: "authorization.k8s.io",
  version: "v1",
  kind: "LocalSubjectAccessReview",
  plural: "localsubjectaccessreviews",
  description: "LocalSubjectAccessReview asks whether somebody may do something in a namespace.",
  schema: z.object({
    spec: required(SubjectAccessReviewSpec, "The question."),
    status: optional(SubjectAccessReviewStatus, "The answer."),
  }),
})
export type LocalSubjectAccessReview = KindOf<typeof LocalSubjectAccessReview>
