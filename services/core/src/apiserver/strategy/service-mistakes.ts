import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { duplicate, each, forbidden, invalid, oneOf, portNumber, required } from "./mistake.ts"
import { dnsLabel, dnsSubdomain, ipAddress, labelsMistakes, portName, qualifiedName } from "./name-format.ts"
import type { ServiceView } from "./service.ts"

type Spec = ServiceView["spec"]

const policies = ["Cluster", "Local"]
const stickySecondsMax = 86_400

/** Rules of a Service beyond its schema. `first` and `count` are the range of cluster addresses. */
export function serviceMistakes(spec: Spec, range: { first: number; count: number }): FieldError[] {
  const isNamed = spec.type === "ExternalName"
  const isHeadless = spec.clusterIP === "None"
  return [
    ...(isNamed ? externalNameMistakes(spec.externalName) : []),
    ...(!isNamed && !isHeadless && (spec.ports ?? []).length === 0 ? [required("spec.ports")] : []),
    ...addressMistakes(spec, range),
    ...each("spec.ports", spec.ports, (port, at, index) => portMistakes(spec, port, at, index)),
    ...labelsMistakes("spec.selector", spec.selector),
    ...oneOf("spec.sessionAffinity", spec.sessionAffinity, ["ClientIP", "None"]),
    ...stickyMistakes(spec.sessionAffinityConfig?.clientIP?.timeoutSeconds),
    ...each("spec.externalIPs", spec.externalIPs, (ip, at) => ipAddress(at, ip)),
    ...oneOf("spec.internalTrafficPolicy", spec.internalTrafficPolicy, policies),
    ...outsideMistakes(spec),
  ]
}

function externalNameMistakes(name: string | undefined): FieldError[] {
  const field = "spec.externalName"
  return name ? dnsSubdomain(field, name.replace(/\.$/, "")) : [required(field)]
}

function addressMistakes(spec: Spec, range: { first: number; count: number }): FieldError[] {
  const { clusterIP, type } = spec
  if (!clusterIP) return []
  if (type === "ExternalName") {
    return [forbidden("spec.clusterIPs", "may not be set for ExternalName services")]
  }
  if (clusterIP === "None") {
    const detail = `may not be set to 'None' for ${type} services`
    return type === "NodePort" || type === "LoadBalancer" ? [invalid("spec.clusterIPs[0]", "None", detail)] : []
  }
  if (isWithin(clusterIP, range)) return []
  return [invalid("spec.clusterIPs", [clusterIP], "provided IP is not in the valid range")]
}

function portMistakes(
  { ports = [], type }: Spec,
  port: NonNullable<Spec["ports"]>[number],
  at: string,
  index: number,
): FieldError[] {
  const { name, targetPort, nodePort, appProtocol } = port
  const keyOf = (each: typeof port): string => `${each.protocol ?? "TCP"} ${each.port}`
  const isRepeated = (same: (other: typeof port) => boolean): boolean => ports.findIndex(same) < index
  return [
    ...(!name && ports.length > 1 ? [required(`${at}.name`)] : []),
    ...(name ? dnsLabel(`${at}.name`, name) : []),
    ...(name && isRepeated((other) => other.name === name) ? [duplicate(`${at}.name`, name)] : []),
    ...portNumber(`${at}.port`, port.port),
    ...(typeof targetPort === "number" ? portNumber(`${at}.targetPort`, targetPort) : []),
    ...(typeof targetPort === "string" ? portName(`${at}.targetPort`, targetPort) : []),
    ...(appProtocol ? qualifiedName(`${at}.appProtocol`, appProtocol) : []),
    ...(nodePort && (type === undefined || type === "ClusterIP")
      ? [forbidden(`${at}.nodePort`, "may not be used when `type` is 'ClusterIP'")]
      : []),
    ...(isRepeated((other) => keyOf(other) === keyOf(port))
      ? [duplicate(at, { port: port.port, protocol: port.protocol })]
      : []),
  ]
}

function stickyMistakes(seconds: number | undefined): FieldError[] {
  if (seconds === undefined || (seconds > 0 && seconds <= stickySecondsMax)) return []
  const detail = `must be greater than 0 and less than ${stickySecondsMax}`
  return [invalid("spec.sessionAffinityConfig.clientIP.timeoutSeconds", seconds, detail)]
}

/** What only makes sense for traffic that comes from outside. */
function outsideMistakes(spec: Spec): FieldError[] {
  const { externalTrafficPolicy: policy, type, externalIPs = [], loadBalancerClass } = spec
  const isOpen = type === "NodePort" || type === "LoadBalancer" || externalIPs.length > 0
  const field = "spec.externalTrafficPolicy"
  return [
    ...(policy ? oneOf(field, policy, policies) : []),
    ...(policy && !isOpen ? [invalid(field, policy, "may only be set for externally-accessible services")] : []),
    ...(loadBalancerClass && type !== "LoadBalancer"
      ? [forbidden("spec.loadBalancerClass", "may only be used when `type` is 'LoadBalancer'")]
      : []),
  ]
}

/** An address that clients have learnt does not change, unless the Service stops having one at all. */
export function serviceChangeMistakes(spec: Spec, old: Spec): FieldError[] {
  if (spec.type === "ExternalName" || old.type === "ExternalName" || !old.clusterIP) return []
  const isSame = spec.clusterIP === old.clusterIP
  return isSame ? [] : [invalid("spec.clusterIPs[0]", spec.clusterIPs ?? [spec.clusterIP], "may not change once set")]
}

export function isWithin(address: string, { first, count }: { first: number; count: number }): boolean {
  if (!/^\d{1,3}(\.\d{1,3}){3}$/.test(address)) return false
  const value = address.split(".").reduce((sum, part) => sum * 256 + Number(part), 0)
  return value >= first && value < first + count
}
