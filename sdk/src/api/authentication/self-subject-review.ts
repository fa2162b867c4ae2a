import * as z from "zod"
import { named, optional } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { UserInfo } from "./user-info.ts"

export const SelfSubjectReview = defineKind({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "SelfSubjectReview",
  plural: "selfsubjectreviews",
  namespaced: false,
  description: "SelfSubjectReview asks who oneself is.",
  schema: z.object({
    status: optional(
      named(
        "io.k8s.api.authentication.v1.SelfSubjectReviewStatus",
        "The answer.",
        z.object({ userInfo: optional(UserInfo, "Who the asker is.") }),
      ),
      "The answer.",
    ),
  }),
})
export type SelfSubjectReview = KindOf<typeof SelfSubjectReview>
