import * as z from "zod"
import {
  applyMapList,
  atomicList,
  atomicMap,
  coreType,
  defaulted,
  flag,
  int32,
  int64,
  mapList,
  mergeList,
  optional,
  required,
  text,
  textMap,
} from "../field.ts"
import { Affinity } from "./affinity.ts"
import { Container, EphemeralContainer } from "./container.ts"
import { LocalObjectReference } from "./object-reference.ts"
import { ResourceList, ResourceRequirements } from "./resources.ts"
import { Toleration, TopologySpreadConstraint } from "./scheduling.ts"
import { PodSecurityContext } from "./security-context.ts"
import { Volume } from "./volume.ts"

const gracePeriodSecondsDefault = 30

export const HostAlias = coreType(
  "HostAlias",
  "Names for an address in the pod's hosts file.",
  z.object({
    ip: required(text, "The address."),
    hostnames: optional(z.array(text), "Its names.", atomicList),
  }),
)

export const PodDNSConfigOption = coreType(
  "PodDNSConfigOption",
  "An option of the resolver.",
  z.object({ name: optional(text, "Name of the option."), value: optional(text, "Value of the option.") }),
)
export const PodDNSConfig = coreType(
  "PodDNSConfig",
  "What is added to the resolver's configuration.",
  z.object({
    nameservers: optional(z.array(text), "Addresses of name servers.", atomicList),
    searches: optional(z.array(text), "Domains to search.", atomicList),
    options: optional(z.array(PodDNSConfigOption), "Options.", atomicList),
  }),
)

export const PodReadinessGate = coreType(
  "PodReadinessGate",
  "A condition that readiness waits for too.",
  z.object({ conditionType: required(text, "Type of the condition.") }),
)
export const PodOS = coreType(
  "PodOS",
  "The operating system that the pod is for.",
  z.object({ name: required(text, "linux or windows.") }),
)
export const PodSchedulingGate = coreType(
  "PodSchedulingGate",
  "A reason not to schedule the pod yet.",
  z.object({ name: required(text, "Name of the gate.") }),
)
export const PodSchedulingGroup = coreType(
  "PodSchedulingGroup",
  "Pods that are scheduled together.",
  z.object({ podGroupName: optional(text, "Name of the group.") }),
)
export const PodResourceClaim = coreType(
  "PodResourceClaim",
  "A claim of devices for the pod.",
  z.object({
    name: required(text, "Name in the pod."),
    resourceClaimName: optional(text, "Name of the claim."),
    resourceClaimTemplateName: optional(text, "Name of the template that a claim is made from."),
  }),
)

export const PodSpec = coreType(
  "PodSpec",
  "What a pod should be.",
  z.object({
    volumes: optional(z.array(Volume), "Volumes that containers can mount.", {
      ...mapList("name"),
      "x-kubernetes-patch-strategy": "merge,retainKeys",
    }),
    initContainers: optional(z.array(Container), "Run one after the other before the others.", mapList("name")),
    containers: required(z.array(Container), "The containers; at least one.", mapList("name")),
    ephemeralContainers: optional(z.array(EphemeralContainer), "Added to look into the pod.", mapList("name")),
    restartPolicy: defaulted(z.enum(["Always", "OnFailure", "Never"]), "Always", "When containers are restarted."),
    terminationGracePeriodSeconds: defaulted(int64, gracePeriodSecondsDefault, "Seconds to end in."),
    activeDeadlineSeconds: optional(int64, "Seconds after which the pod is ended."),
    dnsPolicy: defaulted(
      z.enum(["ClusterFirst", "ClusterFirstWithHostNet", "Default", "None"]),
      "ClusterFirst",
      "Where names are looked up.",
    ),
    nodeSelector: optional(textMap, "Labels that the node must have.", atomicMap),
    serviceAccountName: optional(text, "Service account that the pod runs as."),
    serviceAccount: optional(text, "Older name of serviceAccountName."),
    automountServiceAccountToken: optional(flag, "Whether a token of the account is mounted."),
    nodeName: optional(text, "Node that the pod is bound to."),
    hostNetwork: optional(flag, "Use the node's network."),
    hostPID: optional(flag, "See the node's processes."),
    hostIPC: optional(flag, "Share the node's IPC."),
    shareProcessNamespace: optional(flag, "Let containers see each other's processes."),
    securityContext: defaulted(PodSecurityContext, {}, "Security settings of all containers."),
    imagePullSecrets: optional(z.array(LocalObjectReference), "Secrets for pulling images.", mapList("name")),
    hostname: optional(text, "Host name; the pod's name when absent."),
    subdomain: optional(text, "Subdomain, for a name of its own."),
    affinity: optional(Affinity, "Where the pod may or would like to run."),
    schedulerName: defaulted(text, "default-scheduler", "Which scheduler binds the pod."),
    tolerations: optional(z.array(Toleration), "Taints that the pod does not mind.", atomicList),
    hostAliases: optional(z.array(HostAlias), "Entries of the hosts file.", mapList("ip")),
    priorityClassName: optional(text, "Class of importance."),
    priority: optional(int32, "Importance; set from the class."),
    dnsConfig: optional(PodDNSConfig, "What is added to the resolver's configuration."),
    readinessGates: optional(z.array(PodReadinessGate), "Conditions that readiness waits for.", atomicList),
    runtimeClassName: optional(text, "Which container runtime to use."),
    enableServiceLinks: defaulted(flag, true, "Whether services become environment variables."),
    preemptionPolicy: optional(z.enum(["PreemptLowerPriority", "Never"]), "Whether to push out less important pods."),
    overhead: optional(ResourceList, "What the pod costs beside its containers."),
    topologySpreadConstraints: optional(z.array(TopologySpreadConstraint), "How evenly pods spread.", {
      ...mergeList("topologyKey"),
      ...applyMapList("topologyKey", "whenUnsatisfiable"),
    }),
    setHostnameAsFQDN: optional(flag, "Make the full name the host name."),
    os: optional(PodOS, "Operating system that the pod is for."),
    hostUsers: optional(flag, "Use the node's user ids."),
    schedulingGates: optional(z.array(PodSchedulingGate), "Reasons not to schedule yet.", mapList("name")),
    resourceClaims: optional(z.array(PodResourceClaim), "Claims of devices.", {
      ...mapList("name"),
      "x-kubernetes-patch-strategy": "merge,retainKeys",
    }),
    resources: optional(ResourceRequirements, "What the pod as a whole needs."),
    hostnameOverride: optional(text, "Host name that wins over all others."),
    schedulingGroup: optional(PodSchedulingGroup, "Pods that are scheduled together."),
  }),
)
export type PodSpec = z.output<typeof PodSpec>
