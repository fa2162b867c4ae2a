import * as z from "zod"
import { flag, named, optional, text } from "../field.ts"

const LoadBalancerIngressStatus = named(
  "dev.knative.internal.networking.v1alpha1.LoadBalancerIngressStatus",
  "One place where a load balancer is reached.",
  z.object({
    ip: optional(text, "Its address."),
    domain: optional(text, "Its name for clients outside."),
    domainInternal: optional(text, "Its name for clients in the cluster."),
    meshOnly: optional(flag, "Whether only a service mesh reaches it."),
  }),
)

export const LoadBalancerStatus = named(
  "dev.knative.internal.networking.v1alpha1.LoadBalancerStatus",
  "Where a load balancer is reached.",
  z.object({ ingress: optional(z.array(LoadBalancerIngressStatus), "The places; any of them will do.") }),
)
export type LoadBalancerStatus = z.output<typeof LoadBalancerStatus>
