import type { Config, FeatureName, Features } from "@wick/sdk/api/serving/config"
import {
  type FieldError,
  invalidValue,
  missing,
  mistake,
  outOfBounds,
  via,
  viaEach,
} from "@wick/sdk/api/serving/field-error"
import { subdomainMistakes } from "@wick/sdk/api/serving/name-mistakes"
import { type ContainerRole, containerMistakes } from "./container.ts"
import { beyond } from "./field-mask.ts"
import type { ContainerView, RevisionSpecView, VolumeView } from "./pod-view.ts"
import { podSecurityMistakes, securityWarnings } from "./security.ts"
import { volumeMistakes } from "./volumes.ts"

const ownFields = ["containerConcurrency", "timeoutSeconds", "responseStartTimeoutSeconds", "idleTimeoutSeconds"]
const podFields = ["serviceAccountName", "containers", "volumes", "imagePullSecrets", "enableServiceLinks"]

/** Fields of a pod that a flag permits. */
const gatedFields: Readonly<Record<string, FeatureName>> = {
  affinity: "podspec-affinity",
  topologySpreadConstraints: "podspec-topologyspreadconstraints",
  hostAliases: "podspec-hostaliases",
  nodeSelector: "podspec-nodeselector",
  tolerations: "podspec-tolerations",
  runtimeClassName: "podspec-runtimeclassname",
  dnsPolicy: "podspec-dnspolicy",
  dnsConfig: "podspec-dnsconfig",
  securityContext: "podspec-securitycontext",
  shareProcessNamespace: "podspec-shareprocessnamespace",
  hostIPC: "podspec-hostipc",
  hostPID: "podspec-hostpid",
  hostNetwork: "podspec-hostnetwork",
  priorityClassName: "podspec-priorityclassname",
  schedulerName: "podspec-schedulername",
  initContainers: "podspec-init-containers",
}

/** Every mistake in the spec of a revision, and the warnings. */
export function revisionSpecMistakes(spec: RevisionSpecView, config: Config): FieldError[] {
  const { features } = config
  return [
    ...beyond(spec, allowedFields(spec, features)),
    ...via("securityContext", podSecurityMistakes(spec.securityContext, features)),
    ...securityWarnings(spec),
    ...via("volumes", volumeMistakes(spec, features)),
    ...initContainerMistakes(spec, features),
    ...via("containers[*]", portCountMistakes(spec.containers ?? [])),
    ...containersMistakes(spec, features),
    ...accountMistakes(spec),
    ...limitMistakes(spec, config.defaults),
  ]
}

function allowedFields({ automountServiceAccountToken }: RevisionSpecView, features: Features): string[] {
  const gated = Object.keys(gatedFields).filter((field) => features.permits(gatedFields[field] as FeatureName))
  const automount = automountServiceAccountToken === false ? ["automountServiceAccountToken"] : []
  return [...ownFields, ...podFields, ...gated, ...automount]
}

function volumesByName({ volumes = [] }: RevisionSpecView): ReadonlyMap<string, VolumeView> {
  return new Map(volumes.map((volume) => [volume.name ?? "", volume]))
}

function initContainerMistakes(spec: RevisionSpecView, features: Features): FieldError[] {
  const { initContainers = [], containers = [] } = spec
  if (initContainers.length === 0) return []
  if (!features.permits("podspec-init-containers")) {
    return [mistake(`pod spec support for init-containers is off, but found ${initContainers.length} init containers`)]
  }
  const names = containers.map(({ name }) => name)
  const role: ContainerRole = { kind: "init", volumes: volumesByName(spec), features }
  return viaEach("containers", initContainers, (container) => [
    ...(names.includes(container.name) ? [duplicateName(container)] : []),
    ...containerMistakes(container, role),
  ])
}

function containersMistakes(spec: RevisionSpecView, features: Features): FieldError[] {
  const { containers = [] } = spec
  if (containers.length === 0) return [missing("containers")]
  if (containers.length > 1 && !features.permits("multi-container")) {
    return [mistake(`multi-container is off, but found ${containers.length} containers`)]
  }
  const names = containers.map(({ name }) => name)
  const common = { volumes: volumesByName(spec), features }
  return viaEach("containers", containers, (container, at) => {
    const isServing = containers.length === 1 || (container.ports?.length ?? 0) > 0
    const role: ContainerRole = isServing
      ? { kind: "serving", portName: portNameOf(containers), ...common }
      : { kind: "sidecar", ...common }
    return [
      ...(names.indexOf(container.name) < at ? [duplicateName(container)] : []),
      ...containerMistakes(container, role),
    ]
  })
}

function duplicateName({ name = "" }: ContainerView): FieldError {
  return mistake(`duplicate container name ${JSON.stringify(name)}`, "name")
}

function portNameOf(containers: readonly ContainerView[]): string {
  return containers.find(({ ports = [] }) => ports.length > 0)?.ports?.[0]?.name || "http"
}

function portCountMistakes(containers: readonly ContainerView[]): FieldError[] {
  const count = containers.reduce((sum, { ports = [] }) => sum + ports.length, 0)
  if (count === 0 && containers.length > 1) return [missing("ports")]
  if (count <= 1) return []
  const details = "Only a single port is allowed across all containers"
  return [{ ...mistake("more than one container port is set", "ports"), details }]
}

function accountMistakes({ serviceAccountName }: RevisionSpecView): FieldError[] {
  if (!serviceAccountName) return []
  return subdomainMistakes(serviceAccountName).map((text) =>
    invalidValue(serviceAccountName, "serviceAccountName", text),
  )
}

function limitMistakes(spec: RevisionSpecView, defaults: Config["defaults"]): FieldError[] {
  const timeoutMax = defaults["max-revision-timeout-seconds"]
  const most = defaults["container-concurrency-max-limit"]
  const least = defaults["allow-container-concurrency-zero"] ? 0 : 1
  const bounds = [
    ["timeoutSeconds", 0, timeoutMax],
    ["responseStartTimeoutSeconds", 0, timeoutMax],
    ["idleTimeoutSeconds", 0, timeoutMax],
    ["containerConcurrency", least, most],
  ] as const
  return bounds.flatMap(([field, lower, upper]) => {
    const value = spec[field]
    return value === undefined || (value >= lower && value <= upper) ? [] : [outOfBounds(value, lower, upper, field)]
  })
}
