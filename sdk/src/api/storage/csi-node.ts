import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, int32, mapList, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

const storage = "io.k8s.api.storage.v1."

const CSINodeDriver = named(
  `${storage}CSINodeDriver`,
  "A driver that runs on the node.",
  z.object({
    name: required(text, "Its name."),
    nodeID: required(text, "What the driver calls the node."),
    topologyKeys: optional(z.array(text), "Labels that it tells places apart by.", atomicList),
    allocatable: optional(
      named(
        `${storage}VolumeNodeResources`,
        "What the driver has room for.",
        z.object({ count: optional(int32, "Volumes at a time.") }),
      ),
      "What it has room for.",
    ),
  }),
)

export const CSINode = defineKind({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSINode",
  plural: "csinodes",
  namespaced: false,
  description: "CSINode names the drivers of volumes that run on a node.",
  schema: z.object({
    spec: required(
      named(
        `${storage}CSINodeSpec`,
        "The drivers.",
        z.object({ drivers: required(z.array(CSINodeDriver), "The drivers.", mapList("name")) }),
      ),
      "The drivers.",
    ),
  }),
  columns: [{ name: "Drivers", type: "integer", value: ({ spec }) => spec.drivers.length }, age],
})
export type CSINode = KindOf<typeof CSINode>
