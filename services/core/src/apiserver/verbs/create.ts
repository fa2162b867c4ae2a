import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { mutate, validate } from "../admit.ts"
import { withMissingTexts } from "../missing-texts.ts"
import { encodeStored, withResourceVersion } from "../object-bytes.ts"
import type { FieldSet } from "../patch/field-set.ts"
import { copyJson } from "../patch/json-value.ts"
import { withEntries } from "../patch/server-side-apply.ts"
import { isDryRun, type RequestContext, timestamp } from "../request-context.ts"
import { countsGenerations } from "../served-resource.ts"
import { initialStatus } from "../strategy/initial-status.ts"
import { strategyOf } from "../strategy/strategy.ts"
import { decodeObject, pruneUnknown, refuseMisshapen, refuseMistakes } from "../validate-object.ts"
import { judge } from "../validation-rules.ts"
import { objectInVersion } from "../version.ts"
import { untendedWarnings, warningsOf } from "../warning/index.ts"
import { withCause } from "./cause.ts"
import { entriesAfter } from "./ownership.ts"
import { storedContext, storedForm } from "./stored-form.ts"

const suffixLength = 5
/** Letters that make no words and are not mistaken for one another. */
const suffixLetters = "bcdfghjklmnpqrstvwxz2456789"
/** A generated name that is taken is made anew this many times. */
const generateTriesMax = 8

export async function createObject(context: RequestContext): Promise<Buffer> {
  const body = requireObject(context, await decodeObject(context))
  return storeNew(context, body)
}

/** The body as an object of the resource that the path names; BadRequest when it is another. */
export function requireObject({ resource, info }: RequestContext, body: unknown): AnyObject {
  if (body === null || typeof body !== "object" || Array.isArray(body)) {
    throw new StatusError("BadRequest", `the body must be a ${resource.kind} object`)
  }
  const object = body as AnyObject
  const { apiVersion = resource.apiVersion, kind = resource.kind, metadata = {} } = object
  if (apiVersion !== resource.apiVersion) {
    throw new StatusError(
      "BadRequest",
      `the API version in the data (${named(apiVersion)}) does not match the expected API version (${resource.apiVersion})`,
    )
  }
  if (kind !== resource.kind) {
    throw new StatusError(
      "BadRequest",
      `${named(kind)} in version "${resource.version}" cannot be handled as a ${resource.kind}: converting (${named(kind)}) to (${resource.kind}): unknown conversion`,
    )
  }
  if (metadata === null || typeof metadata !== "object" || Array.isArray(metadata)) {
    throw new StatusError("BadRequest", "metadata must be an object")
  }
  if (resource.namespaced && metadata.namespace !== undefined && metadata.namespace !== info.namespace) {
    throw new StatusError(
      "BadRequest",
      `the namespace of the provided object does not match the namespace sent on the request`,
    )
  }
  return {
    ...object,
    apiVersion,
    kind,
    metadata: { ...metadata, ...(resource.namespaced && { namespace: info.namespace }) },
  }
}

function named(value: unknown): string {
  return typeof value === "string" ? value : JSON.stringify(value)
}

/** Makes an object: defaults, admission, validation, one write. Returns it as served. */
export async function storeNew(context: RequestContext, body: AnyObject): Promise<Buffer> {
  const { server, resource } = context
  if (resource.behind) return storeNew(storedContext(context), storedForm(context, copyJson(body)))
  for (let attempt = 1; ; attempt++) {
    const prepared = await prepare(context, copyJson(body))
    if (isDryRun(context)) return withResourceVersion(encodeStored(prepared), 0)
    const stored = await objectInVersion(resource, prepared, resource.storageApiVersion)
    const release = await strategyOf(server.strategies, resource).allocate?.(stored, undefined)
    try {
      return (await server.store.create(resource, stored)).bytes
    } catch (error) {
      const generated = body.metadata.name === undefined && attempt < generateTriesMax
      if (!(error instanceof StatusError && error.reason === "AlreadyExists" && generated)) throw error
    } finally {
      // What was taken is stored by now, or free again.
      release?.()
    }
  }
}

async function prepare(context: RequestContext, body: AnyObject): Promise<AnyObject> {
  const { server, resource, info } = context
  if (typeof body.metadata.resourceVersion === "string" && body.metadata.resourceVersion !== "") {
    throw new StatusError("BadRequest", "resourceVersion should not be set on objects to be created")
  }
  if (resource.namespaced && info.namespace === "") {
    throw new StatusError("BadRequest", "an empty namespace may not be set during creation")
  }
  const object = withIdentity(context, body)
  pruneUnknown(context, object)
  resource.compiled().default(object)
  const name = object.metadata.name ?? ""
  const missing = refuseMisshapen(resource, name, object)
  const strategy = strategyOf(server.strategies, resource)
  const early = strategy.serverFills === "all" ? entriesAfter(context, undefined, object) : undefined
  strategy.prepareCreate?.(object, server.clock.now())
  const entries = early ?? entriesAfter(context, undefined, object, strategy.serverFills as FieldSet | undefined)
  const owned = withEntries(object, entries)
  const mutated = await mutate(context, { operation: "CREATE", name, object: owned, oldObject: undefined })
  const admitted = withEntries(mutated, entries)
  resource.compiled().default(admitted)
  strategy.prepareCreate?.(admitted, server.clock.now())
  const mistakes = [
    ...(await judge(resource, admitted, undefined)),
    ...(strategy.validate?.(admitted, undefined) ?? []),
  ]
  refuseMistakes(resource, name, withMissingTexts(missing, admitted, mistakes))
  context.warnings.push(...untendedWarnings(resource), ...warningsOf(resource, admitted))
  await validate(context, { operation: "CREATE", name, object: admitted, oldObject: undefined })
  return countsGenerations(resource) ? withCause(context, undefined, admitted) : admitted
}

function withIdentity({ server, resource }: RequestContext, object: AnyObject): AnyObject {
  const { name, generateName, labels, annotations, ownerReferences, finalizers, managedFields, namespace } =
    object.metadata
  const kept = { labels, annotations, ownerReferences, finalizers, managedFields }
  const metadata = {
    name: name ?? (generateName === undefined ? undefined : generateName + suffix(server.random)),
    ...(generateName !== undefined && { generateName }),
    ...(namespace !== undefined && { namespace }),
    uid: crypto.randomUUID(),
    ...(countsGenerations(resource) && { generation: 1 }),
    creationTimestamp: timestamp(server),
    ...Object.fromEntries(Object.entries(kept).filter(([, value]) => value !== undefined && value !== null)),
  }
  const { status, ...rest } = object
  if (resource.custom && resource.status) return { ...rest, metadata } as AnyObject
  // Who reads a built-in object finds its status, though nobody has said anything of it yet.
  const shown = status ?? (resource.status ? initialStatus(resource.kind) : undefined)
  return { ...rest, metadata, ...(shown !== undefined && { status: shown }) } as AnyObject
}

function suffix(random: { below(bound: number): number }): string {
  return Array.from({ length: suffixLength }, () => suffixLetters[random.below(suffixLetters.length)]).join("")
}
