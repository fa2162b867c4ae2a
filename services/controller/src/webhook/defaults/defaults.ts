import type { AnyObject } from "@wick/sdk/api/kind"
import type { Config } from "@wick/sdk/api/serving/config"
import { annotations } from "../../labels.ts"
import { sameJson } from "../../same-json.ts"
import type { ReviewRequest } from "../admission-review.ts"
import { type Naming, type RevisionSpecFields, revisionSpecDefaults } from "./revision-spec.ts"

type Json = Record<string, unknown>
interface TemplateFields extends Json {
  metadata?: { name?: string }
  spec?: RevisionSpecFields
}
interface Fields extends Json {
  template?: TemplateFields
  traffic?: Json[]
  ref?: Json
}

/**
 * An object with what it leaves open filled in, the same for a Service and for the Configuration and Revision that are
 * made of it. Doing it twice changes nothing.
 */
export function withDefaults(request: ReviewRequest, config: Config): AnyObject | undefined {
  if (!request.object || request.object.metadata.deletionTimestamp) return request.object
  const object = structuredClone(request.object)
  const spec = (object.spec ?? {}) as Fields
  switch (request.kind.kind) {
    case "Service":
      spec.template = template(request, spec.template, config)
      spec.traffic = traffic(spec.traffic ?? undefined)
      break
    case "Configuration":
      spec.template = template(request, spec.template, config)
      break
    case "Route":
      spec.traffic = traffic(spec.traffic ?? undefined)
      break
    case "DomainMapping":
      if (spec.ref) spec.ref = { ...spec.ref, namespace: spec.ref.namespace || object.metadata.namespace }
      break
    case "Revision":
      // A revision never changes, so what holds by default now does not matter to one that is there.
      if (request.operation === "CREATE") Object.assign(spec, revisionSpecDefaults(spec, naming(request), config))
      return { ...object, spec }
  }
  return withCreator(request, { ...object, spec })
}

function naming({ object, operation }: ReviewRequest): Naming {
  return { metadata: object?.metadata ?? {}, isNew: operation === "CREATE" }
}

/**
 * The template with its defaults. One that keeps a chosen name is left as it is: defaults that came to hold since would
 * be a change without a new name, and going back to an older state by applying it would be refused.
 */
function template(request: ReviewRequest, given: TemplateFields | undefined, config: Config): TemplateFields {
  const { template: before } = (request.oldObject?.spec ?? {}) as Fields
  const chosen = given?.metadata?.name
  if (chosen && chosen === before?.metadata?.name) return given
  return { ...given, spec: revisionSpecDefaults(given?.spec ?? {}, naming(request), config) }
}

function traffic(given: readonly Json[] | undefined): Json[] {
  if (!given || given.length === 0) return [{ latestRevision: true, percent: 100 }]
  return given.map((target) => {
    const named = typeof target.revisionName === "string" && target.revisionName !== ""
    return { ...target, latestRevision: target.latestRevision ?? !named }
  })
}

/**
 * Who made it, and who changed its spec last. A client that leaves these out does not mean to take them away; one that
 * writes others is refused later.
 */
function withCreator({ operation, oldObject, username }: ReviewRequest, object: AnyObject): AnyObject {
  if ((object.metadata.ownerReferences ?? []).length > 0) return object
  const given = object.metadata.annotations ?? {}
  const before = oldObject?.metadata.annotations ?? {}
  const changed = operation === "CREATE" || !sameJson(oldObject?.spec, object.spec)
  const kept = (name: string): string | undefined => given[name] ?? before[name]
  const own = {
    [annotations.creator]: operation === "CREATE" ? username : kept(annotations.creator),
    [annotations.lastModifier]: changed ? username : kept(annotations.lastModifier),
  }
  return { ...object, metadata: { ...object.metadata, annotations: { ...given, ...own } } } as AnyObject
}
