import * as z from "zod"
import { containerNames, imageNames } from "../apps/template-summary.ts"
import { optional } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { labelsText } from "../meta/selector-text.ts"
import { PodTemplateSpec } from "./pod-template.ts"

export const PodTemplate = defineKind({
  group: "",
  version: "v1",
  kind: "PodTemplate",
  plural: "podtemplates",
  description: "PodTemplate keeps a template of pods for whoever wants to make some.",
  schema: z.object({ template: optional(PodTemplateSpec, "The pods to make.") }),
  columns: [
    { name: "Containers", type: "string", value: ({ template }) => containerNames({ spec: { template } }) },
    { name: "Images", type: "string", value: ({ template }) => imageNames({ spec: { template } }) },
    { name: "Pod Labels", type: "string", value: ({ template }) => labelsText(template?.metadata?.labels) },
  ],
})
export type PodTemplate = KindOf<typeof PodTemplate>
