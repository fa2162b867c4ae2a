import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, coreType, defaulted, flag, optional, required, text, textMap } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

const TopologySelectorTerm = coreType(
  "TopologySelectorTerm",
  "Nodes, by the values of some of their labels.",
  z.object({
    matchLabelExpressions: optional(
      z.array(
        coreType(
          "TopologySelectorLabelRequirement",
          "A label and the values that it may have.",
          z.object({
            key: required(text, "Key of the label."),
            values: required(z.array(text), "Its values.", atomicList),
          }),
        ),
      ),
      "Conditions; all must hold.",
      atomicList,
    ),
  }),
  { "x-kubernetes-map-type": "atomic" },
)

export const StorageClass = defineKind({
  group: "storage.k8s.io",
  version: "v1",
  kind: "StorageClass",
  plural: "storageclasses",
  shortNames: ["sc"],
  namespaced: false,
  description: "StorageClass says how volumes are made for claims that name it.",
  schema: z.object({
    provisioner: required(text, "Who makes the volumes."),
    parameters: optional(textMap, "What the provisioner is told."),
    reclaimPolicy: defaulted(text, "Delete", "What becomes of a volume whose claim has gone: Delete or Retain."),
    mountOptions: optional(z.array(text), "Options of its mounts.", atomicList),
    allowVolumeExpansion: optional(flag, "Whether volumes may grow."),
    volumeBindingMode: defaulted(text, "Immediate", "When a volume is made: Immediate or WaitForFirstConsumer."),
    allowedTopologies: optional(z.array(TopologySelectorTerm), "Where volumes may be made.", atomicList),
  }),
  columns: [
    { name: "Provisioner", type: "string", jsonPath: ".provisioner" },
    { name: "ReclaimPolicy", type: "string", jsonPath: ".reclaimPolicy" },
    { name: "VolumeBindingMode", type: "string", jsonPath: ".volumeBindingMode" },
    {
      name: "AllowVolumeExpansion",
      type: "string",
      value: ({ allowVolumeExpansion }) => String(allowVolumeExpansion ?? false),
    },
    age,
  ],
})
export type StorageClass = KindOf<typeof StorageClass>
