/**
 * Every rule of a pod's spec that its schema does not say, part by part: for pods, and for the templates of all that make pods.
 * Pure; each part gives its mistakes with the path of the field.
 */
import type { PodSpec } from "@wick/sdk/api/core/pod-spec"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import { duplicate, each, forbidden, invalid, notNegative, oneOf, present, required } from "../mistake.ts"
import { dnsLabel, dnsSubdomain, ipAddress, labelsMistakes, qualifiedName } from "../name-format.ts"
import { type ContainerSurroundings, containerMistakes, imageMistakes, initContainerMistakes } from "./container.ts"
import { hostPortMistakes } from "./port.ts"
import { resourceMistakes } from "./resources.ts"
import { affinityMistakes, tolerationMistakes, topologySpreadMistakes } from "./scheduling.ts"
import { podSecurityContextMistakes } from "./security.ts"
import { volumesMistakes } from "./volume.ts"

const deadlineSecondsMax = 2_147_483_647

export function podSpecMistakes(field: string, spec: PodSpec): FieldError[] {
  return [
    ...volumesMistakes(`${field}.volumes`, spec.volumes),
    ...containersMistakes(field, spec),
    ...placeMistakes(field, spec),
    ...networkMistakes(field, spec),
    ...podSecurityContextMistakes(`${field}.securityContext`, spec.securityContext),
    ...(spec.hostPID && spec.shareProcessNamespace
      ? [invalid(`${field}.shareProcessNamespace`, true, "ShareProcessNamespace and HostPID cannot both be enabled")]
      : []),
    ...each(`${field}.imagePullSecrets`, spec.imagePullSecrets, ({ name }, at) => present(`${at}.name`, name)),
    ...each(`${field}.readinessGates`, spec.readinessGates, ({ conditionType }, at) =>
      qualifiedName(`${at}.conditionType`, conditionType),
    ),
    ...(spec.serviceAccountName ? dnsSubdomain(`${field}.serviceAccountName`, spec.serviceAccountName) : []),
    ...deadlineMistakes(`${field}.activeDeadlineSeconds`, spec.activeDeadlineSeconds),
    ...notNegative(`${field}.terminationGracePeriodSeconds`, spec.terminationGracePeriodSeconds),
    ...resourceMistakes(`${field}.resources`, spec.resources),
    ...oneOf(`${field}.os.name`, spec.os?.name, ["linux", "windows"]),
    ...(spec.priorityClassName ? dnsSubdomain(`${field}.priorityClassName`, spec.priorityClassName) : []),
    ...(spec.runtimeClassName ? dnsSubdomain(`${field}.runtimeClassName`, spec.runtimeClassName) : []),
  ]
}

function deadlineMistakes(field: string, seconds: number | undefined): FieldError[] {
  if (seconds === undefined || (seconds >= 1 && seconds <= deadlineSecondsMax)) return []
  return [invalid(field, seconds, `must be between 1 and ${deadlineSecondsMax}, inclusive`)]
}

function containersMistakes(field: string, spec: PodSpec): FieldError[] {
  const { containers, initContainers = [], ephemeralContainers = [], volumes = [] } = spec
  const around: ContainerSurroundings = {
    volumes: new Set(volumes.map(({ name }) => name)),
    claims: new Set(
      volumes.filter((volume) => volume.persistentVolumeClaim || volume.ephemeral).map(({ name }) => name),
    ),
  }
  if (containers.length === 0) return [required(`${field}.containers`)]
  const names = new Set<string>()
  const unique = (name: string, at: string): FieldError[] => {
    if (names.has(name)) return [duplicate(`${at}.name`, name)]
    if (name !== "") names.add(name)
    return []
  }
  return [
    ...each(`${field}.containers`, containers, (container, at) => [
      ...containerMistakes(container, at, around),
      ...unique(container.name, at),
    ]),
    ...each(`${field}.initContainers`, initContainers, (container, at) => [
      ...containerMistakes(container, at, around),
      ...initContainerMistakes(container, at),
      ...unique(container.name, at),
    ]),
    ...each(`${field}.ephemeralContainers`, ephemeralContainers, (container, at) => [
      ...(container.name === "" ? [required(`${at}.name`)] : dnsLabel(`${at}.name`, container.name)),
      ...imageMistakes(`${at}.image`, container.image),
      ...unique(container.name, at),
    ]),
    ...hostPortMistakes(`${field}.containers`, containers, spec.hostNetwork === true),
  ]
}

/** On which node it may run. */
function placeMistakes(field: string, spec: PodSpec): FieldError[] {
  const isGated = (spec.schedulingGates ?? []).length > 0
  const gated = "cannot be set until all schedulingGates have been cleared"
  return [
    ...labelsMistakes(`${field}.nodeSelector`, spec.nodeSelector),
    ...affinityMistakes(`${field}.affinity`, spec.affinity),
    ...tolerationMistakes(`${field}.tolerations`, spec.tolerations),
    ...topologySpreadMistakes(`${field}.topologySpreadConstraints`, spec.topologySpreadConstraints),
    ...each(`${field}.schedulingGates`, spec.schedulingGates, ({ name }, at) => qualifiedName(at, name)),
    ...(spec.nodeName ? dnsSubdomain(`${field}.nodeName`, spec.nodeName) : []),
    ...(spec.nodeName && isGated ? [forbidden(`${field}.nodeName`, gated)] : []),
  ]
}

const nameserversMax = 3
const searchesMax = 32

function networkMistakes(field: string, spec: PodSpec): FieldError[] {
  const { dnsConfig, dnsPolicy, hostname, subdomain, hostAliases } = spec
  const at = `${field}.dnsConfig`
  const { nameservers = [], searches = [] } = dnsConfig ?? {}
  const mistakes = [
    ...(hostname ? dnsLabel(`${field}.hostname`, hostname) : []),
    ...(subdomain ? dnsLabel(`${field}.subdomain`, subdomain) : []),
    ...each(`${field}.hostAliases`, hostAliases, ({ ip, hostnames = [] }, place) => [
      ...ipAddress(`${place}.ip`, ip),
      ...hostnames.flatMap((name) => dnsSubdomain(`${place}.hostnames`, name)),
    ]),
    ...each(`${at}.nameservers`, nameservers, (ip, place) => ipAddress(place, ip)),
    ...each(`${at}.options`, dnsConfig?.options, ({ name }) => present(`${at}.options`, name, "must not be empty")),
  ]
  if (dnsPolicy === "None" && !dnsConfig) {
    mistakes.push(required(at, "must provide `dnsConfig` when `dnsPolicy` is None"))
  } else if (dnsPolicy === "None" && nameservers.length === 0) {
    const detail = "must provide at least one DNS nameserver when `dnsPolicy` is None"
    mistakes.push(required(`${at}.nameservers`, detail))
  }
  if (nameservers.length > nameserversMax) {
    mistakes.push(invalid(`${at}.nameservers`, nameservers, `must not have more than ${nameserversMax} nameservers`))
  }
  if (searches.length > searchesMax) {
    mistakes.push(invalid(`${at}.searches`, searches, `must not have more than ${searchesMax} search paths`))
  }
  return mistakes
}
