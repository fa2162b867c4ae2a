import * as z from "zod"
import { required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

/** Its name is the domain. */
export const ClusterDomainClaim = defineKind({
  group: "networking.internal.knative.dev",
  version: "v1alpha1",
  kind: "ClusterDomainClaim",
  plural: "clusterdomainclaims",
  shortNames: ["cdc"],
  categories: ["knative-internal", "networking"],
  namespaced: false,
  openapiName: "dev.knative.internal.networking.v1alpha1.ClusterDomainClaim",
  description: "ClusterDomainClaim reserves a domain name for the DomainMappings of one namespace.",
  schema: z.object({
    spec: required(
      z.object({ namespace: required(text, "Namespace that may map the domain.") }),
      "For whom it is reserved.",
    ),
  }),
  subresources: { status: true },
})
export type ClusterDomainClaim = KindOf<typeof ClusterDomainClaim>
