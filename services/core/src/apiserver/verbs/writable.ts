import type { AnyObject } from "@wick/sdk/api/kind"
import type { ObjectMeta } from "@wick/sdk/api/meta/object-meta"
import type { RequestContext } from "../request-context.ts"
import { qualified, type ServedResource } from "../served-resource.ts"
import { strategyOf } from "../strategy/strategy.ts"

/** Metadata that a write never changes. */
const keptFields = [
  "name",
  "namespace",
  "uid",
  "creationTimestamp",
  "deletionTimestamp",
  "deletionGracePeriodSeconds",
  "generation",
  "generateName",
] as const

/** What the server keeps itself stays as it was; so does status for a write to the object, and all else for one to status. */
export function onlyWritable(
  { resource, info, server: { strategies } }: RequestContext,
  live: AnyObject,
  wanted: AnyObject,
): AnyObject {
  const { deletionTimestamp, managedFields } = live.metadata
  const { resourceVersion: _, ...metadata } = wanted.metadata
  const entries = metadata.managedFields ?? managedFields
  const owned = entries && { managedFields: entries }
  for (const field of keptFields) {
    const value = live.metadata[field]
    if (value !== undefined) (metadata as Record<string, unknown>)[field] = value
  }
  if (entries) metadata.managedFields = entries
  if (deletionTimestamp === undefined) {
    delete metadata.deletionTimestamp
    delete metadata.deletionGracePeriodSeconds
  }
  if (info.subresource === "status") {
    return {
      ...live,
      metadata: { ...statusMetadata(resource, live, wanted), ...owned },
      ...(wanted.status !== undefined && { status: wanted.status }),
    }
  }
  const part = strategyOf(strategies, resource).writablePart?.(wanted, live, info.subresource)
  if (part) {
    return {
      ...part,
      metadata: { ...live.metadata, ...owned },
    }
  }
  if (!resource.status || info.subresource !== "") return { ...wanted, metadata }
  const { status: __, ...rest } = wanted
  return { ...rest, metadata, ...(live.status !== undefined && { status: live.status }) } as AnyObject
}

/** Groups whose kinds keep all of their metadata when their status is written. */
const keptWhole = new Set([
  "admissionregistration.k8s.io",
  "apiextensions.k8s.io",
  "apiregistration.k8s.io",
  "flowcontrol.apiserver.k8s.io",
])
/** Kinds that are selected by their labels while they live: who only reports on them must not move them. */
const keptLabels = new Set(["pods", "nodes", "deployments.apps"])

/** Who writes the status of a built-in kind may note beside it, in annotations and labels, what he has seen. */
function statusMetadata(resource: ServedResource, live: AnyObject, wanted: AnyObject): ObjectMeta {
  if (resource.custom || keptWhole.has(resource.group)) return live.metadata
  const { labels, annotations, ...rest } = live.metadata
  const { metadata } = wanted
  const kept = keptLabels.has(qualified(resource)) ? labels : metadata.labels
  return {
    ...rest,
    ...(kept && { labels: kept }),
    ...(metadata.annotations && { annotations: metadata.annotations }),
  } as ObjectMeta
}
