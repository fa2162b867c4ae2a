import * as z from "zod"
import { atomicList, defaulted, int64, named, optional, required, text, texts } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { Time } from "../meta/object-meta.ts"

const tokenSecondsDefault = 3600
export const BoundObjectReference = named(
  "io.k8s.api.authentication.v1.BoundObjectReference",
  "An object that a token lives and dies with.",
  z.object({
    kind: optional(text, "Pod, Secret or Node."),
    apiVersion: optional(text, "Its API version."),
    name: optional(text, "Its name."),
    uid: optional(text, "Its UID."),
  }),
)
export const TokenRequest = defineKind({
  group: "authentication.k8s.io",
  version: "v1",
  kind: "TokenRequest",
  plural: "tokenrequests",
  description: "TokenRequest asks for a token of a service account.",
  schema: z.object({
    spec: required(
      named(
        "io.k8s.api.authentication.v1.TokenRequestSpec",
        "What is asked for.",
        z.object({
          audiences: optional(texts, "Whom the token is for; the API server when absent.", atomicList),
          expirationSeconds: defaulted(int64, tokenSecondsDefault, "Seconds that it should be valid."),
          boundObjectRef: optional(BoundObjectReference, "What it lives and dies with."),
        }),
      ),
      "What is asked for.",
    ),
    status: optional(
      named(
        "io.k8s.api.authentication.v1.TokenRequestStatus",
        "The token.",
        z.object({
          token: required(text, "The token."),
          expirationTimestamp: required(Time, "Until when it is valid."),
        }),
      ),
      "The token.",
    ),
  }),
})
export type TokenRequest = KindOf<typeof TokenRequest>
