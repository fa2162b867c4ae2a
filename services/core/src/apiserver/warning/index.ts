/**
 * What a client's user is told of a write that is right, and yet may not do what they think: what is deprecated, without
 * effect, or in conflict with itself. In Kubernetes' words. Pure.
 */
import type { PersistentVolume } from "@wick/sdk/api/core/persistent-volume"
import type { PersistentVolumeClaim } from "@wick/sdk/api/core/persistent-volume-claim"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Service } from "@wick/sdk/api/core/service"
import type { AnyObject } from "@wick/sdk/api/kind"
import { jsonEqual } from "../patch/json-value.ts"
import { fractional, isFractional, type PodShape, podWarnings } from "./pod.ts"

export { warningHeaders } from "./headers.ts"
export { untendedWarnings } from "./untended.ts"

type Warn = (object: AnyObject, old: AnyObject | undefined) => string[]

interface Resource {
  readonly group: string
  readonly plural: string
  readonly custom: boolean
}

/** By `plural.group`. Pods that change are written by programs, which read no warnings. */
const warnings: Readonly<Record<string, Warn>> = {
  pods: (pod, old) => (old ? [] : podWarnings(pod as unknown as Pod, "")),
  podtemplates: template(["template"]),
  replicationcontrollers: template(["spec", "template"]),
  "deployments.apps": template(["spec", "template"]),
  "replicasets.apps": template(["spec", "template"]),
  "statefulsets.apps": template(["spec", "template"]),
  "daemonsets.apps": template(["spec", "template"]),
  "jobs.batch": template(["spec", "template"]),
  "cronjobs.batch": (job, old) => [
    ...scheduleWarnings(job),
    ...template(["spec", "jobTemplate", "spec", "template"])(job, old),
  ],
  services: (service) => serviceWarnings(service as unknown as Service),
  "ingresses.networking.k8s.io": ({ metadata }, old) =>
    old === undefined && metadata.annotations?.["kubernetes.io/ingress.class"] !== undefined
      ? ["annotation \"kubernetes.io/ingress.class\" is deprecated, please use 'spec.ingressClassName' instead"]
      : [],
  persistentvolumes: (volume) => volumeWarnings(volume as unknown as PersistentVolume),
  persistentvolumeclaims: (claim) => claimWarnings(claim as unknown as PersistentVolumeClaim),
}

/** Warnings of a creation, or of a change from `old`. */
export function warningsOf({ group, plural, custom }: Resource, object: AnyObject, old?: AnyObject): string[] {
  if (custom) return finalizerWarnings(object, old)
  return warnings[group === "" ? plural : `${plural}.${group}`]?.(object, old) ?? []
}

/** A template is judged when it is new or another than before. */
function template(path: readonly string[]): Warn {
  const at = (object: AnyObject | undefined): unknown =>
    path.reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object)
  return (object, old) => {
    const found = at(object) as PodShape | undefined
    return !found || (old && jsonEqual(found, at(old))) ? [] : podWarnings(found, path.join("."))
  }
}

function scheduleWarnings({ spec }: AnyObject): string[] {
  const { schedule = "" } = (spec ?? {}) as { schedule?: string }
  if (!schedule.includes("TZ")) return []
  return [
    "spec.schedule: CRON_TZ or TZ used in schedule is not officially supported, see https://kubernetes.io/docs/concepts/workloads/controllers/cron-jobs/ for more details",
  ]
}

function serviceWarnings({ spec }: Service): string[] {
  if (!spec) return []
  const headless = spec.clusterIP === "None" ? "headless services" : undefined
  return [
    ...(headless && spec.loadBalancerIP ? [`spec.loadBalancerIP is ignored for ${headless}`] : []),
    ...(headless && spec.externalIPs?.length ? [`spec.externalIPs is ignored for ${headless}`] : []),
    ...(headless && spec.sessionAffinity === "ClientIP" ? [`spec.SessionAffinity is ignored for ${headless}`] : []),
    ...(spec.externalName && spec.type !== "ExternalName"
      ? [`spec.externalName is ignored when spec.type is not "ExternalName"`]
      : []),
  ]
}

const oldClass = "volume.beta.kubernetes.io/storage-class"

function volumeWarnings({ metadata, spec }: PersistentVolume): string[] {
  return [
    ...(metadata.annotations?.[oldClass] === undefined
      ? []
      : [`metadata.annotations[${oldClass}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
    ...(spec.persistentVolumeReclaimPolicy === "Recycle"
      ? [
          "spec.persistentVolumeReclaimPolicy: The Recycle reclaim policy is deprecated. Instead, the recommended approach is to use dynamic provisioning.",
        ]
      : []),
  ]
}

function claimWarnings({ metadata, spec }: PersistentVolumeClaim): string[] {
  const amount = spec.resources?.requests?.storage
  return [
    ...(metadata.annotations?.[oldClass] === undefined
      ? []
      : [`metadata.annotations[${oldClass}]: deprecated since v1.8; use "storageClassName" attribute instead`]),
    ...(amount !== undefined && isFractional(amount)
      ? [`spec.resources.requests[storage]: ${fractional(amount)}`]
      : []),
  ]
}

function finalizerWarnings({ metadata }: AnyObject, old: AnyObject | undefined): string[] {
  const before = old?.metadata.finalizers ?? []
  return (metadata.finalizers ?? [])
    .filter((name) => !name.includes("/") && !before.includes(name) && !standard.has(name))
    .map(
      (name) =>
        `metadata.finalizers: "${name}": prefer a domain-qualified finalizer name including a path (/) to avoid accidental conflicts with other finalizer writers`,
    )
}

/** Kubernetes' own, which are older than the rule. */
const standard: ReadonlySet<string> = new Set(["orphan", "foregroundDeletion"])
