import { isIP } from "node:net"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { NetworkPolicy } from "@wick/sdk/api/networking/network-policy"
import { each, forbidden, invalid, oneOf, portNumber, required } from "./mistake.ts"
import { portName } from "./name-format.ts"
import { selectorMistakes } from "./selector.ts"
import type { Strategy } from "./strategy.ts"

type Spec = NonNullable<NetworkPolicy["spec"]>
type Port = NonNullable<NonNullable<Spec["ingress"]>[number]["ports"]>[number]
type Peer = NonNullable<NonNullable<Spec["ingress"]>[number]["from"]>[number]

const protocols = ["SCTP", "TCP", "UDP"]
const policyTypes = ["Egress", "Ingress"]
const policyTypesMax = 2

export const networkPolicies: Strategy = {
  prepareCreate: (object) => fill(object as unknown as NetworkPolicy),
  prepareUpdate: (object) => fill(object as unknown as NetworkPolicy),
  validate(object) {
    const { spec } = object as unknown as NetworkPolicy
    const types = spec?.policyTypes ?? []
    return [
      ...selectorMistakes("spec.podSelector", spec?.podSelector),
      ...each("spec.ingress", spec?.ingress, (rule, at) => ruleMistakes(at, rule.ports, "from", rule.from)),
      ...each("spec.egress", spec?.egress, (rule, at) => ruleMistakes(at, rule.ports, "to", rule.to)),
      ...(types.length > policyTypesMax
        ? [invalid("spec.policyTypes", types, "may not specify more than two policyTypes")]
        : each("spec.policyTypes", types, (type, at) => oneOf(at, type, policyTypes))),
    ]
  },
}

/** A policy limits what comes in, and what goes out when it has rules for that. */
function fill({ spec }: NetworkPolicy): void {
  if (!spec || (spec.policyTypes ?? []).length > 0) return
  spec.policyTypes = ["Ingress", ...((spec.egress ?? []).length > 0 ? ["Egress"] : [])]
}

function ruleMistakes(at: string, ports: Port[] | undefined, side: string, peers: Peer[] | undefined): FieldError[] {
  return [
    ...each(`${at}.ports`, ports, (port, field) => portMistakes(field, port)),
    ...each(`${at}.${side}`, peers, (peer, field) => peerMistakes(field, peer)),
  ]
}

function portMistakes(field: string, { protocol, port, endPort }: Port): FieldError[] {
  const named = typeof port === "string"
  return [
    ...oneOf(`${field}.protocol`, protocol, protocols),
    ...(typeof port === "number" ? portNumber(`${field}.port`, port) : []),
    ...(named ? portName(`${field}.port`, port) : []),
    ...(endPort !== undefined && named
      ? [invalid(`${field}.endPort`, endPort, "may not be specified when `port` is non-numeric")]
      : []),
    ...(endPort !== undefined && port === undefined
      ? [required(`${field}.port`, "must be specified when `endPort` is specified")]
      : []),
    ...(typeof port === "number" && endPort !== undefined && endPort < port
      ? [invalid(`${field}.endPort`, endPort, "must be greater than or equal to `port`")]
      : []),
  ]
}

function peerMistakes(field: string, { podSelector, namespaceSelector, ipBlock }: Peer): FieldError[] {
  const selects = podSelector !== undefined || namespaceSelector !== undefined
  if (!selects && !ipBlock) return [required(field, "must specify a peer")]
  if (selects && ipBlock) return [forbidden(field, "may not specify both ipBlock and another peer")]
  return [
    ...selectorMistakes(`${field}.podSelector`, podSelector),
    ...selectorMistakes(`${field}.namespaceSelector`, namespaceSelector),
    ...(ipBlock ? rangeMistakes(`${field}.ipBlock.cidr`, ipBlock.cidr) : []),
    ...each(`${field}.ipBlock.except`, ipBlock?.except, (range, at) => rangeMistakes(at, range)),
  ]
}

/** A CIDR range of either IP family. */
export function rangeMistakes(field: string, range: string): FieldError[] {
  const [address = "", bits = "", ...rest] = range.split("/")
  const family = isIP(address)
  const isRange =
    family !== 0 && rest.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128)
  return isRange ? [] : [invalid(field, range, "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")]
}
