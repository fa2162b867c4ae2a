import type { Container } from "@wick/sdk/api/core/container"
import type { Pod } from "@wick/sdk/api/core/pod"
import { parseQuantity } from "@wick/sdk/api/meta/quantity"

type PodSpec = Pod["spec"]
type Volume = NonNullable<PodSpec["volumes"]>[number]

/** Labels of nodes that have other names now. */
const renamedLabels: Readonly<Record<string, string>> = {
  "beta.kubernetes.io/arch": 'deprecated since v1.14; use "kubernetes.io/arch" instead',
  "beta.kubernetes.io/os": 'deprecated since v1.14; use "kubernetes.io/os" instead',
  "beta.kubernetes.io/instance-type": 'deprecated since v1.17; use "node.kubernetes.io/instance-type" instead',
  "failure-domain.beta.kubernetes.io/region": 'deprecated since v1.17; use "topology.kubernetes.io/region" instead',
  "failure-domain.beta.kubernetes.io/zone": 'deprecated since v1.17; use "topology.kubernetes.io/zone" instead',
}

/** Annotations, by how they begin, that are fields now. */
const oldAnnotations: readonly (readonly [start: string, text: string])[] = [
  ["seccomp.security.alpha.kubernetes.io/pod", 'non-functional in v1.27+; use the "seccompProfile" field instead'],
  [
    "container.seccomp.security.alpha.kubernetes.io/",
    'non-functional in v1.27+; use the "seccompProfile" field instead',
  ],
  [
    "container.apparmor.security.beta.kubernetes.io/",
    'deprecated since v1.30; use the "appArmorProfile" field instead',
  ],
  ["security.alpha.kubernetes.io/sysctls", 'non-functional in v1.11+; use the "sysctls" field instead'],
  ["scheduler.alpha.kubernetes.io/critical-pod", 'non-functional in v1.16+; use the "priorityClassName" field instead'],
]

const oldVolumes: Readonly<Record<string, string>> = {
  gitRepo: "deprecated in v1.11, and disabled by default in v1.33+",
  glusterfs: "deprecated in v1.25, this feature will be removed in a future release",
  scaleIO: "deprecated in v1.16, non-functional in v1.22+",
  flocker: "deprecated in v1.22, non-functional in v1.25+",
  photonPersistentDisk: "deprecated in v1.11, non-functional in v1.16+",
  quobyte: "deprecated in v1.22, non-functional in v1.25+",
  storageos: "deprecated in v1.22, non-functional in v1.25+",
  cephfs: "deprecated in v1.28, non-functional in v1.31+",
  rbd: "deprecated in v1.28, non-functional in v1.31+",
}

/** A pod, or what pods are made from. */
export interface PodShape {
  readonly metadata?: { readonly annotations?: Readonly<Record<string, string>> | undefined } | undefined
  readonly spec?: PodSpec | undefined
}

/** What a user should know of a pod that is right. `at` is "" for a pod, else where its template is. */
export function podWarnings({ metadata, spec }: PodShape, at: string): string[] {
  if (!spec) return []
  const inSpec = at === "" ? "spec" : `${at}.spec`
  const inMetadata = at === "" ? "metadata" : `${at}.metadata`
  return [
    ...annotationWarnings(metadata?.annotations ?? {}, `${inMetadata}.annotations`),
    ...placementWarnings(spec, inSpec),
    ...(spec.volumes ?? []).flatMap((volume, index) => volumeWarnings(volume, `${inSpec}.volumes[${index}]`)),
    ...(spec.imagePullSecrets ?? []).flatMap(({ name }, index) =>
      name ? [] : [`${inSpec}.imagePullSecrets[${index}].name: invalid empty name ""`],
    ),
    ...((spec.terminationGracePeriodSeconds ?? 0) < 0
      ? [`${inSpec}.terminationGracePeriodSeconds: must be >= 0; negative values are invalid and will be treated as 1`]
      : []),
    ...(["initContainers", "containers"] as const).flatMap((list) =>
      (spec[list] ?? []).flatMap((container, index) => containerWarnings(container, `${inSpec}.${list}[${index}]`)),
    ),
  ]
}

function annotationWarnings(annotations: Readonly<Record<string, string>>, at: string): string[] {
  return Object.keys(annotations).flatMap((key) => {
    const found = oldAnnotations.find(([start]) => (start.endsWith("/") ? key.startsWith(start) : key === start))
    return found ? [`${at}[${key}]: ${found[1]}`] : []
  })
}

function placementWarnings({ nodeSelector, affinity, topologySpreadConstraints }: PodSpec, at: string): string[] {
  const renamed = (key: string): string[] => (renamedLabels[key] ? [renamedLabels[key]] : [])
  const required = "requiredDuringSchedulingIgnoredDuringExecution"
  const terms = affinity?.nodeAffinity?.[required]?.nodeSelectorTerms ?? []
  return [
    ...Object.keys(nodeSelector ?? {}).flatMap((key) =>
      renamed(key).map((text) => `${at}.nodeSelector[${key}]: ${text}`),
    ),
    ...terms.flatMap(({ matchExpressions = [] }, term) =>
      matchExpressions.flatMap(({ key }, index) =>
        renamed(key).map(
          (text) =>
            `${at}.affinity.nodeAffinity.${required}.nodeSelectorTerms[${term}].matchExpressions[${index}].key: ${key} is ${text}`,
        ),
      ),
    ),
    ...(topologySpreadConstraints ?? []).flatMap(({ topologyKey, labelSelector }, index) => [
      ...renamed(topologyKey).map(
        (text) => `${at}.topologySpreadConstraints[${index}].topologyKey: ${topologyKey} is ${text}`,
      ),
      ...(labelSelector === undefined
        ? [`${at}.topologySpreadConstraints[${index}].labelSelector: a null labelSelector results in matching no pod`]
        : []),
    ]),
  ]
}

function volumeWarnings(volume: Volume, at: string): string[] {
  return Object.keys(volume).flatMap((source) => (oldVolumes[source] ? [`${at}.${source}: ${oldVolumes[source]}`] : []))
}

function containerWarnings({ env = [], ports = [], resources }: Container, at: string): string[] {
  const earlier = <Item>(list: readonly Item[], index: number, isSame: (one: Item) => boolean): number =>
    list.slice(0, index).findIndex(isSame)
  return [
    ...env.flatMap(({ name }, index) =>
      earlier(env, index, (other) => other.name === name) < 0
        ? []
        : [`${at}.env[${index}]: hides previous definition of "${name}", which may be dropped when using apply`],
    ),
    ...ports.flatMap(({ containerPort, protocol = "TCP" }, index) => {
      const same = earlier(
        ports,
        index,
        (other) => other.containerPort === containerPort && (other.protocol ?? "TCP") === protocol,
      )
      return same < 0 ? [] : [`${at}.ports[${index}]: duplicate port definition with ${at}.ports[${same}]`]
    }),
    ...(["requests", "limits"] as const).flatMap((which) =>
      Object.entries(resources?.[which] ?? {})
        .filter(([name, amount]) => isOfBytes(name) && isFractional(amount))
        .map(([name, amount]) => `${at}.resources.${which}[${name}]: ${fractional(amount)}`),
    ),
  ]
}

function isOfBytes(resource: string): boolean {
  return resource === "memory" || resource === "ephemeral-storage"
}

export function isFractional(amount: string | number): boolean {
  return parseQuantity(amount) % 1_000_000_000n !== 0n
}

export function fractional(amount: string | number): string {
  return `fractional byte value "${amount}" is invalid, must be an integer`
}
