import { createHash } from "node:crypto"
import type { Endpoints } from "@wick/sdk/api/core/endpoints"
import type { Service } from "@wick/sdk/api/core/service"
import type { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { ObjectMeta } from "@wick/sdk/api/meta/object-meta"

export type Child = typeof Service | typeof Endpoints | typeof EndpointSlice

const fingerprintKey = "fingerprint"

/**
 * What is kept of an object that we write: whose it is, and a fingerprint of what we write into it. There are several of
 * these for every revision, and most revisions are at zero.
 */
export function trim<Item extends { readonly metadata: ObjectMeta }>(object: Item): Item {
  const { name, namespace, uid, resourceVersion, ownerReferences, labels } = object.metadata
  const kept = {
    name,
    namespace,
    uid,
    resourceVersion,
    // Only the reference's uid is looked at; which slices are a Service's is asked by its label.
    ownerReferences: ownerReferences?.map(({ uid, controller, kind, name }) => ({ uid, controller, kind, name })),
    labels: labels && pick(labels),
    annotations: { [fingerprintKey]: fingerprint(object) },
  }
  return { metadata: kept } as unknown as Item
}

const keptLabel = "networking.internal.knative.dev/serverlessservice"

function pick(labels: Readonly<Record<string, string>>): Record<string, string> | undefined {
  const value = labels[keptLabel]
  return value === undefined ? undefined : { [keptLabel]: value }
}

export function fingerprintOf(trimmed: { metadata: { annotations?: Record<string, string> | undefined } }): string {
  return trimmed.metadata.annotations?.[fingerprintKey] ?? ""
}

/** Of the parts that we write, as the server gives them back. */
export function fingerprint(object: object): string {
  const { spec, subsets, endpoints, ports } = object as {
    spec?: { ports?: object[]; selector?: object }
    subsets?: unknown
    endpoints?: unknown
    ports?: unknown
  }
  const written = spec
    ? { ports: spec.ports, selector: spec.selector ?? {} }
    : { subsets: subsets ?? [], endpoints, ports }
  return createHash("sha1")
    .update(JSON.stringify(sorted(written)))
    .digest("base64")
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value !== "object" || value === null) return value
  const entries = Object.entries(value).filter(([, each]) => each !== undefined)
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([key, each]) => [key, sorted(each)]))
}
