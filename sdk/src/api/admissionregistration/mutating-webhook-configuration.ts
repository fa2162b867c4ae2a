import * as z from "zod"
import { age } from "../column.ts"
import { defaulted, mapList, named, optional } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { webhookFields } from "./webhook.ts"

export const MutatingWebhook = named(
  "io.k8s.api.admissionregistration.v1.MutatingWebhook",
  "A webhook that may change objects before they are stored.",
  z.object({
    ...webhookFields,
    reinvocationPolicy: defaulted(z.enum(["Never", "IfNeeded"]), "Never", "Whether to ask again after later changes."),
  }),
)
export type MutatingWebhook = z.output<typeof MutatingWebhook>

export const MutatingWebhookConfiguration = defineKind({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "MutatingWebhookConfiguration",
  plural: "mutatingwebhookconfigurations",
  namespaced: false,
  description: "MutatingWebhookConfiguration registers webhooks that may change objects before they are stored.",
  schema: z.object({ webhooks: optional(z.array(MutatingWebhook), "The webhooks.", mapList("name")) }),
  columns: [{ name: "Webhooks", type: "integer", value: (configuration) => configuration.webhooks?.length ?? 0 }, age],
})
export type MutatingWebhookConfiguration = KindOf<typeof MutatingWebhookConfiguration>
