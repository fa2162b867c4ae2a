import type { Config } from "@wick/sdk/api/serving/config"
import { childName } from "../../child-name.ts"
import { isWritable } from "../validation/container.ts"
import type { VolumeView } from "../validation/pod-view.ts"
import { probeDefaults, readinessDefaults } from "./probes.ts"
import { type SecurityFields, securityDefaults } from "./security.ts"

type Json = Record<string, unknown>

interface ContainerFields extends Json {
  name?: string
  ports?: { containerPort?: number }[]
  readinessProbe?: Json
  livenessProbe?: Json
  startupProbe?: Json
  resources?: { requests?: Json; limits?: Json }
  securityContext?: SecurityFields
  volumeMounts?: Json[]
}

export interface RevisionSpecFields extends Json {
  containers?: ContainerFields[]
  initContainers?: ContainerFields[]
  volumes?: VolumeView[]
  securityContext?: SecurityFields
  timeoutSeconds?: number
  responseStartTimeoutSeconds?: number
  idleTimeoutSeconds?: number
  containerConcurrency?: number
  enableServiceLinks?: boolean
}

/** What names of containers are made of, and whether the object is made now. */
export interface Naming {
  readonly metadata: {
    readonly name?: string | undefined
    readonly namespace?: string | undefined
    readonly generateName?: string | undefined
    readonly uid?: string | undefined
    readonly labels?: Readonly<Record<string, string>> | undefined
    readonly annotations?: Readonly<Record<string, string>> | undefined
  }
  readonly isNew: boolean
}

/** The spec of a revision with what it leaves open filled in from the operators' configuration. */
export function revisionSpecDefaults(spec: RevisionSpecFields, naming: Naming, config: Config): RevisionSpecFields {
  const { defaults } = config
  const timeoutSeconds = spec.timeoutSeconds || defaults["revision-timeout-seconds"]
  const named = withNames(spec, naming, config)
  const containers = named.containers?.map((container, _, all) => containerDefaults(container, all, spec, config))
  const initContainers = named.initContainers?.map((container) => secure(container, spec, config))
  const enableServiceLinks = spec.enableServiceLinks ?? (naming.isNew ? defaults["enable-service-links"] : undefined)
  return {
    ...spec,
    timeoutSeconds,
    ...innerTimeout("idleTimeoutSeconds", spec, defaults["revision-idle-timeout-seconds"], timeoutSeconds),
    ...innerTimeout(
      "responseStartTimeoutSeconds",
      spec,
      defaults["revision-response-start-timeout-seconds"] ?? defaults["revision-timeout-seconds"],
      timeoutSeconds,
    ),
    containerConcurrency: spec.containerConcurrency ?? defaults["container-concurrency"],
    ...(enableServiceLinks !== undefined && { enableServiceLinks }),
    containers: containers ?? [],
    ...(initContainers && { initContainers }),
  }
}

/** A limit within the limit of the whole: one that is not shorter says nothing. */
function innerTimeout(
  field: "idleTimeoutSeconds" | "responseStartTimeoutSeconds",
  spec: RevisionSpecFields,
  fallback: number,
  whole: number,
): RevisionSpecFields {
  return spec[field] === undefined && fallback > 0 && fallback < whole ? { [field]: fallback } : {}
}

/** Containers without a name get one that no other has. */
function withNames(
  { containers, initContainers }: RevisionSpecFields,
  { metadata }: Naming,
  { defaults }: Config,
): Pick<RevisionSpecFields, "containers" | "initContainers"> {
  const taken = new Set([...(containers ?? []), ...(initContainers ?? [])].map(({ name }) => name || undefined))
  const data = {
    Name: metadata.name ?? "",
    Namespace: metadata.namespace ?? "",
    GenerateName: metadata.generateName ?? "",
    UID: metadata.uid ?? "",
    Labels: new Map(Object.entries(metadata.labels ?? {})),
    Annotations: new Map(Object.entries(metadata.annotations ?? {})),
  }
  const named = (all: ContainerFields[], base: string): ContainerFields[] => {
    let next = 0
    const free = (): string => {
      if (all.length === 1 && !taken.has(base)) return base
      let name = childName(base, `-${next++}`)
      while (taken.has(name)) name = childName(base, `-${next++}`)
      return name
    }
    return all.map((container) => ({ ...container, name: container.name || free() }))
  }
  return {
    containers: named(containers ?? [], defaults["container-name-template"].execute(data)),
    ...(initContainers && {
      initContainers: named(initContainers, defaults["init-container-name-template"].execute(data)),
    }),
  }
}

function containerDefaults(
  container: ContainerFields,
  all: readonly ContainerFields[],
  spec: RevisionSpecFields,
  config: Config,
): ContainerFields {
  const isServing = all.length === 1 || (container.ports?.length ?? 0) > 0
  const { readinessProbe, livenessProbe, startupProbe, volumeMounts } = container
  const readiness = readinessDefaults(readinessProbe, isServing)
  return secure(
    {
      ...container,
      resources: resources(container, config),
      ...(readiness && { readinessProbe: probeDefaults(readiness) }),
      ...(livenessProbe && { livenessProbe: probeDefaults(livenessProbe) }),
      ...(startupProbe && { startupProbe: probeDefaults(startupProbe) }),
      ...(volumeMounts && { volumeMounts: volumeMounts.map((mount) => readOnly(mount, spec.volumes ?? [])) }),
    },
    spec,
    config,
  )
}

const resourceNames = ["cpu", "memory", "ephemeral-storage"] as const

/** What a container asks for and is held to, where it does not say and the operators do. */
function resources({ resources = {} }: ContainerFields, { defaults }: Config): Json {
  const filled = (kind: "request" | "limit", given: Json | undefined): Json => {
    const entries = resourceNames.map((name) => [name, given?.[name] ?? defaults[`revision-${name}-${kind}`]] as const)
    return { ...given, ...Object.fromEntries(entries.filter(([, amount]) => amount !== undefined)) }
  }
  const requests = filled("request", resources.requests)
  const limits = filled("limit", resources.limits)
  return {
    ...resources,
    ...(Object.keys(requests).length > 0 && { requests }),
    ...(Object.keys(limits).length > 0 && { limits }),
  }
}

/** What is stored elsewhere is not written to from a pod. */
function readOnly(mount: Json, volumes: readonly VolumeView[]): Json {
  const volume = volumes.find(({ name }) => name === mount.name)
  return isWritable(volume) ? mount : { ...mount, readOnly: true }
}

function secure(
  container: ContainerFields,
  { securityContext }: RevisionSpecFields,
  { features }: Config,
): ContainerFields {
  const own = securityDefaults(securityContext, container, features["secure-pod-defaults"])
  return own === undefined ? container : { ...container, securityContext: own }
}
