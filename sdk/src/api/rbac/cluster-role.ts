import * as z from "zod"
import { atomicList, optional } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { AggregationRule, PolicyRule } from "./rules.ts"

export const ClusterRole = defineKind({
  group: "rbac.authorization.k8s.io",
  version: "v1",
  kind: "ClusterRole",
  plural: "clusterroles",
  namespaced: false,
  description: "ClusterRole is a set of rights, in all namespaces or granted in one.",
  schema: z.object({
    rules: optional(z.array(PolicyRule), "The rights.", atomicList),
    aggregationRule: optional(AggregationRule, "Roles whose rules this one gathers."),
  }),
  columns: [{ name: "Created At", type: "date", value: ({ metadata }) => metadata.creationTimestamp ?? "" }],
})
export type ClusterRole = KindOf<typeof ClusterRole>
