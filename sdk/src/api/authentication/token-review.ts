import * as z from "zod"
import { atomicList, flag, named, optional, required, text, texts } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { UserInfo } from "./user-info.ts"

export const TokenReview = defineKind({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenReview",
  plural: "tokenreviews",
  namespaced: false,
  description: "TokenReview asks whose a token is.",
  schema: z.object({
    spec: required(
      named(
        "io.k8s.api.authentication.v1.TokenReviewSpec",
        "The question.",
        z.object({
          token: optional(text, "The token."),
          audiences: optional(texts, "Audiences that the asker belongs to.", atomicList),
        }),
      ),
      "The question.",
    ),
    status: optional(
      named(
        "io.k8s.api.authentication.v1.TokenReviewStatus",
        "The answer.",
        z.object({
          authenticated: optional(flag, "Whether the token is good."),
          user: optional(UserInfo, "Whose it is."),
          audiences: optional(texts, "Audiences that it is good for.", atomicList),
          error: optional(text, "Why it could not be checked."),
        }),
      ),
      "The answer.",
    ),
  }),
})
export type TokenReview = KindOf<typeof TokenReview>
