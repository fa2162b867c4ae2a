import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, optional, required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { bindingColumns, RoleRef, Subject } from "./rules.ts"

export const RoleBinding = defineKind({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "RoleBinding",
  plural: "rolebindings",
  description: "RoleBinding grants a role to subjects, in a namespace.",
  schema: z.object({
    subjects: optional(z.array(Subject), "Who gets the role.", atomicList),
    roleRef: required(RoleRef, "The role; cannot change."),
  }),
  columns: [bindingColumns.role, age, ...bindingColumns.subjects],
})
export type RoleBinding = KindOf<typeof RoleBinding>
