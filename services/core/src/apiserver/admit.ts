import type { AnyObject } from "@wick/sdk/api/kind"
import type { AdmissionAttributes, Equivalent, ResourceName } from "./admission/step.ts"
import { annotate } from "./audit/annotations.ts"
import { place, type SchemaPlace } from "./patch/schema-walk.ts"
import { isDryRun, type RequestContext } from "./request-context.ts"
import type { ServedResource } from "./served-resource.ts"
import { objectInVersion } from "./version.ts"

type Write = Pick<AdmissionAttributes, "operation" | "name" | "object" | "oldObject">

function attributesOf(context: RequestContext, write: Write): AdmissionAttributes {
  const { info, resource, user, warnings, request } = context
  return {
    ...write,
    group: resource.group,
    version: resource.version,
    kind: resource.kind,
    resource: resource.plural,
    subresource: info.subresource,
    namespace: info.namespace,
    user,
    dryRun: isDryRun(context),
    schema: place(resource.schema, resource.components),
    ...requestedName(context),
    equivalents: () => equivalentsOf(context),
    served: () => context.server.registry.all().map(schemaOf),
    annotate: (key, value) => annotate(request, key, value),
    warn: (text) => warnings.push(text),
  }
}

/** The client's own name for the resource: its objects may be stored, and are admitted, under another. */
function requestedName({ info, resource, server }: RequestContext): { requested?: ResourceName } {
  const { group, version, resource: plural } = info
  if (group === resource.group && version === resource.version && plural === resource.plural) return {}
  const asked = server.registry.find(group, version, plural)
  return asked ? { requested: nameOf(asked) } : {}
}

function nameOf({ group, version, kind, plural }: ServedResource): ResourceName {
  return { group, version, kind, resource: plural }
}

function schemaOf(resource: ServedResource): ResourceName & { readonly schema: SchemaPlace } {
  return { ...nameOf(resource), schema: place(resource.schema, resource.components) }
}

function equivalentsOf({ resource, server }: RequestContext): Equivalent[] {
  return server.registry.served(resource).map((other) => ({
    ...schemaOf(other),
    convert: other.behind?.fromStored ?? ((object) => objectInVersion(resource, object, other.apiVersion)),
    convertBack: other.behind?.toStored ?? ((object) => objectInVersion(resource, object, resource.apiVersion)),
  }))
}

/** Every step's mutation, in order. Few steps have to wait for anything, and none is waited for that need not. */
export async function mutate(context: RequestContext, write: Write & { object: AnyObject }): Promise<AnyObject> {
  let attributes = attributesOf(context, write)
  let { object } = write
  for (const step of context.server.admission) {
    const found = step.mutate?.(attributes)
    const mutated = found instanceof Promise ? await found : found
    if (mutated === undefined || mutated === object) continue
    object = mutated
    attributes = { ...attributes, object }
  }
  return object
}

/** Every step's judgement of what will be stored. */
export async function validate(context: RequestContext, write: Write): Promise<void> {
  const attributes = attributesOf(context, write)
  for (const step of context.server.admission) {
    const judging = step.validate?.(attributes)
    if (judging instanceof Promise) await judging
  }
}
