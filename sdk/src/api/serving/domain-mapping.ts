import * as z from "zod"
import { optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { readyColumns, servingStatusFields, urlColumn } from "./status.ts"
import { Addressable } from "./traffic.ts"

const Reference = z.object({
  kind: required(text, "Kind of the target."),
  name: required(text, "Name of the target."),
  namespace: optional(text, "Namespace of the target: the mapping's own."),
  apiVersion: optional(text, "API version of the target."),
  group: optional(text, "API group of the target, where the version is to be found out."),
  address: optional(text, "Which of the target's addresses, by name."),
})

/** Its name is the domain. */
export const DomainMapping = defineKind({
  group: "serving.knative.dev",
  version: "v1beta1",
  kind: "DomainMapping",
  plural: "domainmappings",
  shortNames: ["dm"],
  categories: ["all", "knative", "serving"],
  openapiName: "dev.knative.serving.v1beta1.DomainMapping",
  description: "DomainMapping gives an app a domain name of your own.",
  schema: z.object({
    spec: required(
      z.object({
        ref: required(Reference, "What is called by the name: a Service, a Route, or whatever has an address."),
        tls: optional(
          z.object({ secretName: required(text, "Secret of type kubernetes.io/tls with a certificate of your own.") }),
          "How the name is served over TLS.",
        ),
      }),
      "Where the name should lead.",
    ),
    status: optional(
      z.object({
        ...servingStatusFields,
        url: optional(text, "URL of the name."),
        address: optional(Addressable, "Where to send events and requests."),
      }),
      "Where the name leads.",
    ),
  }),
  subresources: { status: true },
  columns: [urlColumn, ...readyColumns],
})
export type DomainMapping = KindOf<typeof DomainMapping>
