import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, flag, mapList, optional } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { LocalObjectReference, ObjectReference } from "./object-reference.ts"

export const ServiceAccount = defineKind({
  group: "",
  version: "v1",
  kind: "ServiceAccount",
  plural: "serviceaccounts",
  shortNames: ["sa"],
  description: "ServiceAccount is who a pod's processes are to the API.",
  schema: z.object({
    secrets: optional(z.array(ObjectReference), "Secrets that its pods may use.", mapList("name")),
    imagePullSecrets: optional(z.array(LocalObjectReference), "Secrets for pulling its pods' images.", atomicList),
    automountServiceAccountToken: optional(flag, "Whether its pods get a token."),
  }),
  columns: [{ name: "Secrets", type: "integer", value: (account) => account.secrets?.length ?? 0 }, age],
})
export type ServiceAccount = KindOf<typeof ServiceAccount>
