import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, defaulted, int32, named, optional, required, text } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { IntOrString } from "../meta/int-or-string.ts"
import { LabelSelector } from "../meta/label-selector.ts"
import { formatSelector } from "../meta/selector-text.ts"

const networking = "io.k8s.api.networking.v1."

const NetworkPolicyPort = named(
  `${networking}NetworkPolicyPort`,
  "Ports that a rule is for.",
  z.object({
    protocol: defaulted(text, "TCP", "TCP, UDP or SCTP."),
    port: optional(IntOrString, "Number or name; every port when absent."),
    endPort: optional(int32, "Last port of a range that begins with port."),
  }),
)
const NetworkPolicyPeer = named(
  `${networking}NetworkPolicyPeer`,
  "Whom a rule is about: pods, or addresses.",
  z.object({
    podSelector: optional(LabelSelector, "Pods by their labels."),
    namespaceSelector: optional(LabelSelector, "Namespaces by their labels; this one when absent."),
    ipBlock: optional(
      named(
        `${networking}IPBlock`,
        "A range of addresses without some of it.",
        z.object({
          cidr: required(text, "The range."),
          except: optional(z.array(text), "Ranges within it that are not meant.", atomicList),
        }),
      ),
      "Addresses; without selectors.",
    ),
  }),
)
const ports = optional(z.array(NetworkPolicyPort), "Ports; every one when absent.", atomicList)
const NetworkPolicyIngressRule = named(
  `${networking}NetworkPolicyIngressRule`,
  "Who may come in.",
  z.object({ ports, from: optional(z.array(NetworkPolicyPeer), "From where; everywhere when absent.", atomicList) }),
)
const NetworkPolicyEgressRule = named(
  `${networking}NetworkPolicyEgressRule`,
  "Where they may go.",
  z.object({ ports, to: optional(z.array(NetworkPolicyPeer), "Where to; everywhere when absent.", atomicList) }),
)

export const NetworkPolicy = defineKind({
  group: "networking.k8s.io",
  version: "v1",
  kind: "NetworkPolicy",
  plural: "networkpolicies",
  shortNames: ["netpol"],
  description: "NetworkPolicy says what traffic pods may have.",
  schema: z.object({
    spec: optional(
      named(
        `${networking}NetworkPolicySpec`,
        "Pods, and what they may receive and send.",
        z.object({
          podSelector: defaulted(LabelSelector, {}, "The pods; all of the namespace when empty."),
          ingress: optional(z.array(NetworkPolicyIngressRule), "What may come in.", atomicList),
          egress: optional(z.array(NetworkPolicyEgressRule), "Where they may go.", atomicList),
          policyTypes: optional(z.array(text), "Ingress, Egress or both: what the policy limits.", atomicList),
        }),
      ),
      "What it allows.",
    ),
  }),
  columns: [
    {
      name: "Pod-Selector",
      type: "string",
      value: ({ spec }) => formatSelector(spec?.podSelector ?? {}),
    },
    age,
  ],
})
export type NetworkPolicy = KindOf<typeof NetworkPolicy>
