import * as z from "zod"
import { optional, required, text, texts } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { IntOrString } from "../meta/int-or-string.ts"
import { Time } from "../meta/object-meta.ts"
import { readyColumns, servingStatusFields } from "../serving/status.ts"

const Http01Challenge = z.object({
  url: optional(text, "Where the challenge is asked for."),
  serviceName: optional(text, "Service that answers it."),
  serviceNamespace: optional(text, "Namespace of that Service."),
  servicePort: optional(IntOrString, "Port of that Service."),
  response: optional(text, "What gateways answer themselves, in that Service's place."),
})

export const Certificate = defineKind({
  group: "networking.internal.knative.dev",
  version: "v1alpha1",
  kind: "Certificate",
  plural: "certificates",
  shortNames: ["kcert"],
  categories: ["knative-internal", "networking"],
  openapiName: "dev.knative.internal.networking.v1alpha1.Certificate",
  description: "Certificate asks for a TLS certificate for some names.",
  schema: z.object({
    spec: required(
      z.object({
        dnsNames: required(texts, "Names that it is for; *.example.com is allowed."),
        domain: optional(text, "The name that the common name is made from."),
        secretName: required(text, "Secret that it is put into."),
      }),
      "What is asked for.",
    ),
    status: optional(
      z.object({
        ...servingStatusFields,
        notAfter: optional(Time, "When it expires."),
        http01Challenges: optional(z.array(Http01Challenge), "What has to be answered before it is issued."),
      }),
      "Where that stands.",
    ),
  }),
  subresources: { status: true },
  columns: readyColumns,
})
export type Certificate = KindOf<typeof Certificate>
