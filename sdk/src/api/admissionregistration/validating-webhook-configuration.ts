import * as z from "zod"
import { age } from "../column.ts"
import { mapList, named, optional } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { webhookFields } from "./webhook.ts"

export const ValidatingWebhook = named(
  "io.k8s.api.admissionregistration.v1.ValidatingWebhook",
  "A webhook that may judge objects before they are stored.",
  z.object({
    ...webhookFields,
  }),
)
export type ValidatingWebhook = z.output<typeof ValidatingWebhook>

export const ValidatingWebhookConfiguration = defineKind({
  group: "admissionregistration.k8s.io",
  version: "v1",
  kind: "ValidatingWebhookConfiguration",
  plural: "validatingwebhookconfigurations",
  namespaced: false,
  description: "ValidatingWebhookConfiguration registers webhooks that may judge objects before they are stored.",
  schema: z.object({ webhooks: optional(z.array(ValidatingWebhook), "The webhooks.", mapList("name")) }),
  columns: [{ name: "Webhooks", type: "integer", value: (configuration) => configuration.webhooks?.length ?? 0 }, age],
})
export type ValidatingWebhookConfiguration = KindOf<typeof ValidatingWebhookConfiguration>
