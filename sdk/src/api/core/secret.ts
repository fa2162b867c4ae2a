import * as z from "zod"
import { age } from "../column.ts"
import { bytes, defaulted, flag, optional, text, textMap } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

export const Secret = defineKind({
  group: "",
  version: "v1",
  kind: "Secret",
  plural: "secrets",
  description: "Secret holds a small amount of data that is not for everybody's eyes.",
  schema: z.object({
    data: optional(z.record(text, bytes), "Base64 values by key."),
    stringData: optional(textMap, "Plain values by key; written into data, never read back."),
    type: defaulted(text, "Opaque", "What the data is, such as kubernetes.io/tls."),
    immutable: optional(flag, "When true, data cannot change any more."),
  }),
  selectableFields: ["type"],
  columns: [
    { name: "Type", type: "string", value: (secret) => secret.type ?? "" },
    { name: "Data", type: "integer", value: (secret) => Object.keys(secret.data ?? {}).length },
    age,
  ],
})
export type Secret = KindOf<typeof Secret>
