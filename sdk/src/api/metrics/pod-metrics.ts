import * as z from "zod"
import { named, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { formatQuantity, parseQuantity, type QuantityFormat } from "../meta/quantity.ts"
import { measured, Usage } from "./usage.ts"

const ContainerMetrics = named(
  "io.k8s.metrics.pkg.apis.metrics.v1beta1.ContainerMetrics",
  "What a container uses.",
  z.object({
    name: required(text, "The container, as the pod names it."),
    usage: required(Usage, "Processors, in cores, and memory, in bytes."),
  }),
)

export const PodMetrics = defineKind({
  group: "metrics.k8s.io",
  version: "v1beta1",
  kind: "PodMetrics",
  plural: "pods",
  description: "PodMetrics is what the containers of a pod use of processors and memory now.",
  openapiName: "io.k8s.metrics.pkg.apis.metrics.v1beta1.PodMetrics",
  schema: z.object({
    ...measured,
    containers: required(z.array(ContainerMetrics), "One for each container that runs."),
  }),
  columns: [
    { name: "cpu", type: "string", format: "quantity", value: ({ containers }) => total(containers, "cpu", "decimal") },
    {
      name: "memory",
      type: "string",
      format: "quantity",
      value: ({ containers }) => total(containers, "memory", "binary"),
    },
    { name: "Window", type: "string", format: "duration", value: ({ window }) => window },
  ],
})
export type PodMetrics = KindOf<typeof PodMetrics>

type Containers = readonly z.output<typeof ContainerMetrics>[]

function total(containers: Containers, resource: string, format: QuantityFormat): string {
  const nanos = containers.reduce((sum, { usage }) => sum + parseQuantity(usage[resource] ?? "0"), 0n)
  return formatQuantity(nanos, format)
}
