import * as z from "zod"
import { atomicList, named, optional, text, texts } from "../field.ts"

export const UserInfo = named(
  "io.k8s.api.authentication.v1.UserInfo",
  "Who somebody is.",
  z.object({
    username: optional(text, "Name."),
    uid: optional(text, "Unique over time."),
    groups: optional(texts, "Groups.", atomicList),
    extra: optional(z.record(text, texts), "What else the authenticator knows."),
  }),
)
export type UserInfo = z.output<typeof UserInfo>
