import * as z from "zod"
import { age } from "../column.ts"
import {
  atomicList,
  atomicMap,
  coreType,
  defaulted,
  flag,
  int32,
  mapList,
  mergeList,
  optional,
  required,
  text,
  textMap,
  texts,
} from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { Condition } from "../meta/condition.ts"
import { IntOrString } from "../meta/int-or-string.ts"
import { formatSelector } from "../meta/selector-text.ts"

export const ServicePort = coreType(
  "ServicePort",
  "A port of a service.",
  z.object({
    name: optional(text, "Name, needed when there are several ports."),
    protocol: defaulted(z.enum(["TCP", "UDP", "SCTP"]), "TCP", "Protocol of the port."),
    appProtocol: optional(text, "Protocol above it, such as kubernetes.io/h2c."),
    port: required(int32, "Number of the port."),
    targetPort: optional(IntOrString, "Port of the pods, by number or name; the same number when absent."),
    nodePort: optional(int32, "Port of every node that leads here."),
  }),
)
export type ServicePort = z.output<typeof ServicePort>

export const ClientIPConfig = coreType(
  "ClientIPConfig",
  "Stickiness by the client's address.",
  z.object({ timeoutSeconds: optional(int32, "Seconds that it sticks.") }),
)
export const SessionAffinityConfig = coreType(
  "SessionAffinityConfig",
  "Settings of stickiness.",
  z.object({ clientIP: optional(ClientIPConfig, "By the client's address.") }),
)
export const ServiceSpec = coreType(
  "ServiceSpec",
  "What a service should be.",
  z.object({
    ports: optional(z.array(ServicePort), "Its ports.", {
      ...mergeList("port"),
      "x-kubernetes-list-type": "map",
      "x-kubernetes-list-map-keys": ["port", "protocol"],
    }),
    selector: optional(textMap, "Labels of the pods behind it; none when its endpoints are made by others.", atomicMap),
    clusterIP: optional(text, "Address in the cluster, chosen by the server; None for no address."),
    clusterIPs: optional(texts, "Addresses in the cluster.", atomicList),
    type: defaulted(
      z.enum(["ClusterIP", "ExternalName", "LoadBalancer", "NodePort"]),
      "ClusterIP",
      "How it is reached.",
    ),
    externalIPs: optional(texts, "Further addresses that lead here.", atomicList),
    sessionAffinity: defaulted(z.enum(["ClientIP", "None"]), "None", "Whether a client sticks to a pod."),
    loadBalancerIP: optional(text, "Address wanted of the load balancer."),
    loadBalancerSourceRanges: optional(texts, "Who may come through the load balancer.", atomicList),
    externalName: optional(text, "Name that this one stands for, with type ExternalName."),
    externalTrafficPolicy: optional(text, "Whether traffic from outside may cross nodes: Cluster or Local."),
    healthCheckNodePort: optional(int32, "Port where load balancers ask for health."),
    publishNotReadyAddresses: optional(flag, "Whether pods that are not ready count too."),
    sessionAffinityConfig: optional(SessionAffinityConfig, "Settings of stickiness."),
    ipFamilies: optional(texts, "IPv4, IPv6.", atomicList),
    ipFamilyPolicy: optional(text, "SingleStack, PreferDualStack or RequireDualStack."),
    allocateLoadBalancerNodePorts: optional(flag, "Whether a load balancer gets node ports."),
    loadBalancerClass: optional(text, "Who makes the load balancer."),
    internalTrafficPolicy: optional(text, "Whether traffic from inside may cross nodes: Cluster or Local."),
    trafficDistribution: optional(text, "Which endpoints are preferred."),
  }),
)
export const PortStatus = coreType(
  "PortStatus",
  "State of a port of a load balancer.",
  z.object({
    port: required(int32, "Number of the port."),
    protocol: required(text, "Its protocol."),
    error: optional(text, "What is wrong with it."),
  }),
)
export const LoadBalancerIngress = coreType(
  "LoadBalancerIngress",
  "A way in through a load balancer.",
  z.object({
    ip: optional(text, "Its address."),
    hostname: optional(text, "Its name."),
    ipMode: optional(text, "VIP or Proxy."),
    ports: optional(z.array(PortStatus), "Its ports.", atomicList),
  }),
)
export const LoadBalancerStatus = coreType(
  "LoadBalancerStatus",
  "State of the load balancer.",
  z.object({ ingress: optional(z.array(LoadBalancerIngress), "Ways in.", atomicList) }),
)
export const ServiceStatus = coreType(
  "ServiceStatus",
  "State of a service.",
  z.object({
    loadBalancer: optional(LoadBalancerStatus, "State of the load balancer."),
    conditions: optional(z.array(Condition), "Aspects of its state.", mapList("type")),
  }),
)

interface SeenService {
  spec?: Partial<z.output<typeof ServiceSpec>> | undefined
  status?: z.output<typeof ServiceStatus> | undefined
}
function externalText({ spec, status }: SeenService): string {
  if (spec?.type === "ExternalName") return spec.externalName ?? "<none>"
  const balanced = (status?.loadBalancer?.ingress ?? []).map(({ ip, hostname }) => ip ?? hostname ?? "")
  const all = [...balanced, ...(spec?.externalIPs ?? [])]
  return all.join(",") || (spec?.type === "LoadBalancer" ? "<pending>" : "<none>")
}
function portsText({ spec }: SeenService): string {
  const ports = (spec?.ports ?? []).map(
    ({ port, nodePort, protocol }) => `${port}${nodePort ? `:${nodePort}` : ""}/${protocol}`,
  )
  return ports.join(",") || "<none>"
}

export const Service = defineKind({
  group: "",
  version: "v1",
  kind: "Service",
  plural: "services",
  shortNames: ["svc"],
  categories: ["all"],
  description: "Service is a name and an address for a changing set of pods.",
  schema: z.object({
    spec: required(ServiceSpec, "What the service should be."),
    status: optional(ServiceStatus, "State of the service."),
  }),
  subresources: { status: true },
  selectableFields: ["spec.clusterIP", "spec.type"],
  columns: [
    { name: "Type", type: "string", value: ({ spec }) => spec?.type ?? "" },
    { name: "Cluster-IP", type: "string", value: ({ spec }) => spec?.clusterIP || "<none>" },
    { name: "External-IP", type: "string", value: externalText },
    { name: "Port(s)", type: "string", value: portsText },
    age,
    {
      name: "Selector",
      type: "string",
      priority: 1,
      value: ({ spec }) => formatSelector({ matchLabels: spec?.selector ?? {} }) || "<none>",
    },
  ],
})
export type Service = KindOf<typeof Service>
