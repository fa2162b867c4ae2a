import * as z from "zod"
import { named, optional, required, text, texts } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { readyColumns, servingStatusFields } from "../serving/status.ts"
import { IngressRule } from "./ingress-rule.ts"
import { LoadBalancerStatus } from "./load-balancer-status.ts"

const IngressTls = named(
  "dev.knative.internal.networking.v1alpha1.IngressTLS",
  "A certificate and the hosts that it is for.",
  z.object({
    hosts: optional(texts, "Hosts that the certificate is for."),
    secretName: optional(text, "Secret of type kubernetes.io/tls with the certificate."),
    secretNamespace: optional(text, "Namespace of the Secret."),
  }),
)

/** What the gateways serve by. One is made for each Route and each DomainMapping. */
export const Ingress = defineKind({
  group: "networking.internal.knative.dev",
  version: "v1alpha1",
  kind: "Ingress",
  plural: "ingresses",
  shortNames: ["kingress", "king"],
  categories: ["knative-internal", "networking"],
  openapiName: "dev.knative.internal.networking.v1alpha1.Ingress",
  description: "Ingress says to gateways which hosts they serve and where the requests go.",
  schema: z.object({
    spec: required(
      z.object({
        httpOption: optional(
          z.enum(["Enabled", "Redirected"]),
          "What happens to requests without TLS: served (Enabled, also when absent), or sent to https (Redirected).",
        ),
        rules: optional(z.array(IngressRule), "Hosts and what is done with their requests."),
        tls: optional(z.array(IngressTls), "Certificates of the hosts."),
      }),
      "What is served.",
    ),
    status: optional(
      z.object({
        ...servingStatusFields,
        publicLoadBalancer: optional(LoadBalancerStatus, "Where clients outside reach the gateways."),
        privateLoadBalancer: optional(LoadBalancerStatus, "Where clients in the cluster do."),
      }),
      "Whether the gateways serve it.",
    ),
  }),
  subresources: { status: true },
  columns: readyColumns,
})
export type Ingress = KindOf<typeof Ingress>
