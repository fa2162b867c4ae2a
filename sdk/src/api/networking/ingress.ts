import * as z from "zod"
import { age } from "../column.ts"
import { TypedLocalObjectReference } from "../core/object-reference.ts"
import { atomicList, int32, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"

const networking = "io.k8s.api.networking.v1."

const ServiceBackendPort = named(
  `${networking}ServiceBackendPort`,
  "A port of a Service, by name or by number.",
  z.object({ name: optional(text, "Its name."), number: optional(int32, "Its number.") }),
)
export const IngressBackend = named(
  `${networking}IngressBackend`,
  "Where requests go: a Service or another object of the namespace.",
  z.object({
    service: optional(
      named(
        `${networking}IngressServiceBackend`,
        "A Service and one of its ports.",
        z.object({
          name: required(text, "Name of the Service."),
          port: optional(ServiceBackendPort, "The port."),
        }),
      ),
      "The Service.",
    ),
    resource: optional(TypedLocalObjectReference, "Another object, instead of a Service."),
  }),
)
export type IngressBackend = z.output<typeof IngressBackend>

const HTTPIngressPath = named(
  `${networking}HTTPIngressPath`,
  "A path and where its requests go.",
  z.object({
    path: optional(text, "The path, from a slash on."),
    pathType: required(text, "How paths are compared: Exact, Prefix, or ImplementationSpecific."),
    backend: required(IngressBackend, "Where they go."),
  }),
)
const IngressRule = named(
  `${networking}IngressRule`,
  "What happens to requests for a host.",
  z.object({
    host: optional(text, "The host; every host when absent. A first label may be `*`."),
    http: optional(
      named(
        `${networking}HTTPIngressRuleValue`,
        "Paths of HTTP requests.",
        z.object({ paths: required(z.array(HTTPIngressPath), "The paths.", atomicList) }),
      ),
      "Its paths.",
    ),
  }),
)
const IngressTLS = named(
  `${networking}IngressTLS`,
  "A certificate and the hosts that it is for.",
  z.object({
    hosts: optional(z.array(text), "The hosts.", atomicList),
    secretName: optional(text, "Secret that holds certificate and key."),
  }),
)
const IngressPortStatus = named(
  `${networking}IngressPortStatus`,
  "A port of a load balancer.",
  z.object({
    port: required(int32, "Its number."),
    protocol: required(text, "TCP, UDP or SCTP."),
    error: optional(text, "What is wrong with it, in one word."),
  }),
)
const IngressLoadBalancerIngress = named(
  `${networking}IngressLoadBalancerIngress`,
  "An address of the load balancer.",
  z.object({
    ip: optional(text, "IP address."),
    hostname: optional(text, "Name."),
    ports: optional(z.array(IngressPortStatus), "Its ports.", atomicList),
  }),
)

export const Ingress = defineKind({
  group: "networking.k8s.io",
  version: "v1",
  kind: "Ingress",
  plural: "ingresses",
  shortNames: ["ing"],
  description: "Ingress leads requests from outside to Services, by host and path.",
  schema: z.object({
    spec: optional(
      named(
        `${networking}IngressSpec`,
        "Hosts, paths and where they lead.",
        z.object({
          ingressClassName: optional(text, "Class of the controller that serves it."),
          defaultBackend: optional(IngressBackend, "Where requests go that no rule is for."),
          tls: optional(z.array(IngressTLS), "Certificates.", atomicList),
          rules: optional(z.array(IngressRule), "Rules by host.", atomicList),
        }),
      ),
      "What it should do.",
    ),
    status: optional(
      named(
        `${networking}IngressStatus`,
        "Where it is reached.",
        z.object({
          loadBalancer: optional(
            named(
              `${networking}IngressLoadBalancerStatus`,
              "Addresses of the load balancer.",
              z.object({ ingress: optional(z.array(IngressLoadBalancerIngress), "The addresses.", atomicList) }),
            ),
            "The load balancer.",
          ),
        }),
      ),
      "Where it is reached.",
    ),
  }),
  subresources: { status: true },
  columns: [
    { name: "Class", type: "string", value: (ingress) => ingress.spec?.ingressClassName ?? "<none>" },
    { name: "Hosts", type: "string", value: (it): string => hosts(it) },
    { name: "Address", type: "string", value: (it): string => addresses(it) },
    { name: "Ports", type: "string", value: ({ spec }) => (spec?.tls?.length ? "80, 443" : "80") },
    age,
  ],
})
export type Ingress = KindOf<typeof Ingress>

const hostsShown = 3

function hosts({ spec }: Ingress): string {
  const all = (spec?.rules ?? []).flatMap(({ host }) => host ?? [])
  if (all.length === 0) return "*"
  const more = all.length - hostsShown
  return all.slice(0, hostsShown).join(",") + (more > 0 ? ` + ${more} more...` : "")
}

function addresses({ status }: Ingress): string {
  return (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "").join(",")
}
