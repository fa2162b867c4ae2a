import * as z from "zod"
import { required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { measured, Usage } from "./usage.ts"

export const NodeMetrics = defineKind({
  group: "metrics.k8s.io",
  version: "v1beta1",
  kind: "NodeMetrics",
  plural: "nodes",
  namespaced: false,
  description: "NodeMetrics is what a node uses of its processors and memory now.",
  openapiName: "io.k8s.metrics.pkg.apis.metrics.v1beta1.NodeMetrics",
  schema: z.object({
    ...measured,
    usage: required(Usage, "Processors, in cores, and memory, in bytes."),
  }),
  columns: [
    { name: "cpu", type: "string", format: "quantity", value: ({ usage }) => String(usage.cpu ?? "") },
    { name: "memory", type: "string", format: "quantity", value: ({ usage }) => String(usage.memory ?? "") },
    { name: "Window", type: "string", format: "duration", value: ({ window }) => window },
  ],
})
export type NodeMetrics = KindOf<typeof NodeMetrics>
