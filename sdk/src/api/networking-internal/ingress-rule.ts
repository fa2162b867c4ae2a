import * as z from "zod"
import { int64, named, optional, required, text, textMap, texts } from "../field.ts"
import { IntOrString } from "../meta/int-or-string.ts"

const group = "dev.knative.internal.networking.v1alpha1."

export const IngressSplit = named(
  `${group}IngressBackendSplit`,
  "A share of a path's requests and the Service that gets it.",
  z.object({
    serviceName: required(text, "Service that gets the requests: for an app, the one of its revision's name."),
    serviceNamespace: required(text, "Namespace of the Service."),
    servicePort: required(IntOrString, "Port of the Service."),
    percent: optional(int64, "Share of the requests, 0 to 100; 100 when it is the only one."),
    appendHeaders: optional(textMap, "Headers that the requests get on the way."),
  }),
)
export type IngressSplit = z.output<typeof IngressSplit>

const HeaderMatch = named(
  `${group}HeaderMatch`,
  "What a header has to be.",
  z.object({ exact: required(text, "The value, whole.") }),
)

export const IngressPath = named(
  `${group}HTTPIngressPath`,
  "Requests of one kind and where they go.",
  z.object({
    path: optional(text, "Literal start of the request's path; absent matches all."),
    headers: optional(z.record(text, HeaderMatch), "Headers that the request must have."),
    rewriteHost: optional(text, "Host that the request is sent on with; it is then routed by that host."),
    splits: required(z.array(IngressSplit), "Where the requests go, by share."),
    appendHeaders: optional(textMap, "Headers that the requests get on the way."),
  }),
)
export type IngressPath = z.output<typeof IngressPath>

export const IngressRule = named(
  `${group}IngressRule`,
  "Hosts and what is done with their requests.",
  z.object({
    hosts: optional(texts, "Names by which clients call."),
    visibility: optional(
      z.enum(["ExternalIP", "ClusterLocal"]),
      "Who may call: everybody (ExternalIP, also when absent), or pods of the cluster only (ClusterLocal).",
    ),
    http: optional(
      z.object({ paths: required(z.array(IngressPath), "Kinds of requests; the first that matches counts.") }),
      "Where the requests go.",
    ),
  }),
)
export type IngressRule = z.output<typeof IngressRule>
