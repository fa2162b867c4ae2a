import * as z from "zod"
import { age } from "../column.ts"
import { optional, required, text, textMap } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

export const VolumeAttributesClass = defineKind({
  group: "storage.k8s.io",
  version: "v1",
  kind: "VolumeAttributesClass",
  plural: "volumeattributesclasses",
  shortNames: ["vac"],
  namespaced: false,
  description: "VolumeAttributesClass is a set of attributes that a volume may be given while it exists.",
  schema: z.object({
    driverName: required(text, "Driver that understands them."),
    parameters: optional(textMap, "The attributes."),
  }),
  columns: [{ name: "DriverName", type: "string", jsonPath: ".driverName" }, age],
})
export type VolumeAttributesClass = KindOf<typeof VolumeAttributesClass>
