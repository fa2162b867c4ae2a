import * as z from "zod"
import { age } from "../column.ts"
import { Toleration } from "../core/scheduling.ts"
import { atomicList, atomicMap, named, optional, required, text, textMap } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { Quantity } from "../meta/quantity.ts"

const node = "io.k8s.api.node.v1."

export const RuntimeClass = defineKind({
  group: "node.k8s.io",
  version: "v1",
  kind: "RuntimeClass",
  plural: "runtimeclasses",
  namespaced: false,
  description: "RuntimeClass gives a name to a way of running containers.",
  schema: z.object({
    handler: required(text, "What the container runtime calls it."),
    overhead: optional(
      named(
        `${node}Overhead`,
        "What running this way costs.",
        z.object({ podFixed: optional(z.record(text, Quantity), "For each pod, beside its containers.") }),
      ),
      "What it costs.",
    ),
    scheduling: optional(
      named(
        `${node}Scheduling`,
        "Nodes that can.",
        z.object({
          nodeSelector: optional(textMap, "Labels of those nodes.", atomicMap),
          tolerations: optional(z.array(Toleration), "Taints that its pods tolerate.", atomicList),
        }),
      ),
      "Nodes that can.",
    ),
  }),
  columns: [{ name: "Handler", type: "string", jsonPath: ".handler" }, age],
})
export type RuntimeClass = KindOf<typeof RuntimeClass>
