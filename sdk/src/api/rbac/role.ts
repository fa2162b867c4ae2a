import * as z from "zod"
import { atomicList, optional } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { PolicyRule } from "./rules.ts"

export const Role = defineKind({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "Role",
  plural: "roles",
  description: "Role is a set of rights in a namespace.",
  schema: z.object({
    rules: optional(z.array(PolicyRule), "The rights.", atomicList),
  }),
  columns: [{ name: "Created At", type: "date", value: ({ metadata }) => metadata.creationTimestamp ?? "" }],
})
export type Role = KindOf<typeof Role>
