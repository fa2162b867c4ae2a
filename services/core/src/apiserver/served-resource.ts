import type { Face } from "@wick/sdk/api/face"
import type { AnyObject, Column, FieldTexts, Kind, ScalePaths } from "@wick/sdk/api/kind"
import { type CompiledSchema, type Components, compileSchema, type JsonSchema } from "@wick/sdk/api/structural"

/** A resource that the API serves, built in or custom: all that the verbs need to know of its kind. */
export interface ServedResource {
  readonly group: string
  readonly version: string
  readonly apiVersion: string
  readonly kind: string
  readonly listKind: string
  readonly plural: string
  readonly singular: string
  readonly shortNames: readonly string[]
  readonly categories: readonly string[]
  readonly namespaced: boolean
  readonly status: boolean
  readonly scale: ScalePaths | undefined
  /** Whether an update makes an object that is not there, as it does of a few kinds. */
  readonly createdByUpdate: boolean
  /** Whether an update need not say which version it was decided on. */
  readonly updatedBlindly: boolean
  readonly columns: readonly Column[]
  readonly selectableFields: readonly string[]
  /** Those of every version. */
  readonly indexedFields: readonly string[]
  readonly fieldTexts: FieldTexts
  readonly schema: JsonSchema
  readonly components: Components
  readonly openapiName: string
  /** Whether it comes from a CustomResourceDefinition. */
  readonly custom: boolean
  /** Whether its definition is being deleted, and its objects with it. */
  readonly isTerminating: boolean
  /** The version in which its objects are stored from now on; older ones may be in another. */
  readonly storageApiVersion: string
  /**
   * Brings an object that was stored under an older schema, or has just been converted, to the schema of its version, in
   * place: what is unknown now goes, what has a default now comes. Tells whether anything may have changed. Absent where
   * schemas never change.
   */
  readonly conform: ((object: AnyObject) => boolean) | undefined
  /** Absent where versions differ in nothing but their name. */
  readonly conversion: Conversion | undefined
  /** What whoever uses this version is told. */
  readonly deprecationWarning: string | undefined
  /** What is stored, when this is another face of it. */
  readonly behind: Behind | undefined
  /** Makes the objects of a resource that is not stored. */
  readonly computed: ((asked: Named) => readonly AnyObject[] | Promise<readonly AnyObject[]>) | undefined
  /** Compiled when first needed. */
  compiled(): CompiledSchema
}

/** Which objects are asked for: "" is all of them. */
export interface Named {
  readonly namespace: string
  readonly name: string
}

/** Objects of a resource in the version `apiVersion`, in order; throws when that cannot be. */
export type Conversion = (objects: readonly AnyObject[], apiVersion: string) => Promise<readonly AnyObject[]>

export interface Behind extends Pick<Face, "toStored" | "fromStored" | "fieldPaths"> {
  readonly resource: ServedResource
}

/** As in Kubernetes, where each kind decides it for itself. */
const createdByUpdate: ReadonlySet<string> = new Set([
  "endpoints",
  "events",
  "events.events.k8s.io",
  "leases.coordination.k8s.io",
  "limitranges",
  "podtemplates",
  "priorityclasses.scheduling.k8s.io",
  "services",
  ...["roles", "clusterroles", "rolebindings", "clusterrolebindings"].map(
    (each) => `${each}.rbac.authorization.k8s.io`,
  ),
])

/** Built-in kinds that go out of use, and what to use instead. */
const deprecated: Readonly<Record<string, string>> = {
  "v1 Endpoints": "v1 Endpoints is deprecated in v1.33+; use discovery.k8s.io/v1 EndpointSlice",
  "v1 ComponentStatus": "v1 ComponentStatus is deprecated in v1.19+",
}

/** So do these, in which a lost change would be dear. */
const updatedKnowingly: ReadonlySet<string> = new Set([
  "apiservices.apiregistration.k8s.io",
  "customresourcedefinitions.apiextensions.k8s.io",
  "leases.coordination.k8s.io",
  "poddisruptionbudgets.policy",
])

/** Kinds with a status of which Kubernetes counts no generations, and those without one of which it does. */
const uncounted: ReadonlySet<string> = new Set([
  "services",
  "nodes",
  "namespaces",
  "persistentvolumes",
  "persistentvolumeclaims",
  "resourcequotas",
  "certificatesigningrequests.certificates.k8s.io",
  "volumeattachments.storage.k8s.io",
  "apiservices.apiregistration.k8s.io",
])
const counted: ReadonlySet<string> = new Set([
  "endpointslices.discovery.k8s.io",
  "networkpolicies.networking.k8s.io",
  "ingressclasses.networking.k8s.io",
  "priorityclasses.scheduling.k8s.io",
  ...["mutating", "validating"].flatMap((kind) => [
    `${kind}webhookconfigurations.admissionregistration.k8s.io`,
    `${kind}admissionpolicies.admissionregistration.k8s.io`,
    `${kind}admissionpolicybindings.admissionregistration.k8s.io`,
  ]),
])

/** Whether objects count in `metadata.generation` how often what is wanted of them has changed. */
export function countsGenerations(resource: ServedResource): boolean {
  if (resource.custom) return true
  const name = qualified(resource)
  return counted.has(name) || (resource.status && !uncounted.has(name))
}

export function builtinResource(kind: Kind, schema: JsonSchema, components: Components): ServedResource {
  return {
    ...kind,
    status: kind.subresources.status,
    scale: kind.subresources.scale,
    createdByUpdate: createdByUpdate.has(qualified(kind)),
    updatedBlindly: !updatedKnowingly.has(qualified(kind)),
    schema,
    components,
    custom: false,
    isTerminating: false,
    indexedFields: kind.selectableFields,
    storageApiVersion: kind.apiVersion,
    conform: undefined,
    conversion: undefined,
    deprecationWarning: deprecated[`${kind.apiVersion} ${kind.kind}`],
    behind: undefined,
    computed: undefined,
    compiled: once(() => compileSchema(schema, components)),
  }
}

/** A resource that is another face of `stored`. */
export function faceResource(
  face: Face,
  stored: ServedResource,
  schema: JsonSchema,
  components: Components,
): ServedResource {
  return {
    ...builtinResource(face.kind, schema, components),
    storageApiVersion: stored.apiVersion,
    behind: { ...face, resource: stored },
  }
}

/** The resource whose objects are in the store. */
export function storedResource(resource: ServedResource): ServedResource {
  return resource.behind?.resource ?? resource
}

export function once<T>(make: () => T): () => T {
  let made: { value: T } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

/** `deployments.apps`, as messages name a resource. */
export function qualified({ plural, group }: { plural: string; group: string }): string {
  return group === "" ? plural : `${plural}.${group}`
}
