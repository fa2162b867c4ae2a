import * as z from "zod"
import { coreType, mapList, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ConditionStatus } from "../meta/condition.ts"

export const ComponentCondition = coreType(
  "ComponentCondition",
  "One aspect of a component's state.",
  z.object({
    type: required(text, "Healthy."),
    status: required(ConditionStatus, "Whether it holds."),
    message: optional(text, "What the component says."),
    error: optional(text, "What is wrong with it."),
  }),
)

interface SeenComponent {
  readonly conditions?: readonly z.output<typeof ComponentCondition>[] | undefined
}
const healthOf = ({ conditions }: SeenComponent) => conditions?.find(({ type }) => type === "Healthy")
const healthWords: Record<string, string> = { True: "Healthy", False: "Unhealthy" }

export const ComponentStatus = defineKind({
  group: "",
  version: "v1",
  kind: "ComponentStatus",
  plural: "componentstatuses",
  shortNames: ["cs"],
  namespaced: false,
  description: "ComponentStatus tells how a part of the control plane is; health endpoints tell it better.",
  schema: z.object({
    conditions: optional(z.array(ComponentCondition), "Aspects of its state.", mapList("type")),
  }),
  columns: [
    {
      name: "Status",
      type: "string",
      value: (component) => healthWords[healthOf(component)?.status ?? ""] ?? "Unknown",
    },
    { name: "Message", type: "string", value: (component) => healthOf(component)?.message ?? "" },
    { name: "Error", type: "string", value: (component) => healthOf(component)?.error ?? "" },
  ],
})
export type ComponentStatus = KindOf<typeof ComponentStatus>
