import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, optional, required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { bindingColumns, RoleRef, Subject } from "./rules.ts"

export const ClusterRoleBinding = defineKind({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRoleBinding",
  plural: "clusterrolebindings",
  namespaced: false,
  description: "ClusterRoleBinding grants a role to subjects, in all namespaces.",
  schema: z.object({
    subjects: optional(z.array(Subject), "Who gets the role.", atomicList),
    roleRef: required(RoleRef, "The role; cannot change."),
  }),
  columns: [bindingColumns.role, age, ...bindingColumns.subjects],
})
export type ClusterRoleBinding = KindOf<typeof ClusterRoleBinding>
