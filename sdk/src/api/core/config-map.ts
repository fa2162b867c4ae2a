import * as z from "zod"
import { age } from "../column.ts"
import { defineKind, type KindOf } from "../kind.ts"

export const ConfigMap = defineKind({
  group: "",
  version: "v1",
  kind: "ConfigMap",
  plural: "configmaps",
  shortNames: ["cm"],
  description: "ConfigMap holds configuration for pods to use.",
  schema: z.object({
    data: z.record(z.string(), z.string()).optional().describe("UTF-8 values by key."),
    binaryData: z
      .record(z.string(), z.string())
      .optional()
      .describe("Base64 values by key; keys do not overlap with data."),
    immutable: z.boolean().optional().describe("When true, data cannot change any more."),
  }),
  columns: [
    { name: "Data", type: "integer", value: (map) => Object.keys({ ...map.data, ...map.binaryData }).length },
    age,
  ],
})
export type ConfigMap = KindOf<typeof ConfigMap>
