import * as z from "zod"
import { age } from "../column.ts"
import { optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { Quantity } from "../meta/quantity.ts"

export const CSIStorageCapacity = defineKind({
  group: "storage.k8s.io",
  version: "v1",
  kind: "CSIStorageCapacity",
  plural: "csistoragecapacities",
  description: "CSIStorageCapacity is the room that a driver has in one place for one class.",
  schema: z.object({
    nodeTopology: optional(LabelSelector, "Nodes that reach the place."),
    storageClassName: required(text, "The class."),
    capacity: optional(Quantity, "Room in all."),
    maximumVolumeSize: optional(Quantity, "The largest volume that fits."),
  }),
  columns: [
    { name: "StorageClassName", type: "string", jsonPath: ".storageClassName" },
    { name: "Capacity", type: "string", value: ({ capacity }) => String(capacity ?? "") },
    age,
  ],
})
export type CSIStorageCapacity = KindOf<typeof CSIStorageCapacity>
