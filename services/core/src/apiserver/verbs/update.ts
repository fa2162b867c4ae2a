import type { AnyObject } from "@wick/sdk/api/kind"
import { isStatus, StatusError } from "@wick/sdk/api/meta/status-error"
import { mutate, validate } from "../admit.ts"
import type { Entry } from "../entry.ts"
import { invalidError } from "../invalid-error.ts"
import { withMissingTexts } from "../missing-texts.ts"
import { encodeStored, parseObject, withResourceVersion } from "../object-bytes.ts"
import { conflict } from "../object-store.ts"
import { copyJson, jsonEqual } from "../patch/json-value.ts"
import { sameOwners } from "../patch/managed-fields.ts"
import { withEntries } from "../patch/server-side-apply.ts"
import { isDryRun, type Mutation, type RequestContext } from "../request-context.ts"
import { countsGenerations, qualified } from "../served-resource.ts"
import { strategyOf } from "../strategy/strategy.ts"
import { finalizerMistakes } from "../validate-meta.ts"
import { decodeObject, pruneUnknown, refuseMisshapen, refuseMistakes } from "../validate-object.ts"
import { judge } from "../validation-rules.ts"
import { objectInVersion, versionOf } from "../version.ts"
import { warningsOf } from "../warning/index.ts"
import { withCause } from "./cause.ts"
import { requireObject, storeNew } from "./create.ts"
import { entriesAfter } from "./ownership.ts"
import { storedContext, storedForm } from "./stored-form.ts"
import { onlyWritable } from "./writable.ts"

/** A write that did not say which version it was decided on is decided again this many times when it loses a race. */
const retriesMax = 10

/** What a write left, and whether it made it. */
export interface Written {
  readonly bytes: Buffer
  readonly isNew: boolean
}

export async function updateObject(context: RequestContext): Promise<Written> {
  const body = requireObject(context, await decodeObject(context))
  const { resource, info } = context
  requireName(context, body)
  const change = (): AnyObject => {
    if (!resource.updatedBlindly && !body.metadata.resourceVersion) throw versionless(context)
    return copyJson(body)
  }
  if (!resource.createdByUpdate || info.subresource !== "") {
    return { bytes: await modify(context, change), isNew: false }
  }
  return changeOrMake(context, change, () => {
    checkUid(context, { metadata: { name: info.name } }, body.metadata.uid)
    // Which version of an object that is gone was seen does not matter to one that is made, as in Kubernetes.
    const { resourceVersion: _, ...metadata } = body.metadata
    return copyJson({ ...body, metadata: { ...metadata, name: info.name } })
  })
}

/** Changes the object that is there, or makes one: whichever it is when it is written, since others write too. */
export async function changeOrMake(context: RequestContext, change: Mutation, make: () => AnyObject): Promise<Written> {
  const { server, resource, info } = context
  for (let attempt = 1; ; attempt++) {
    const there = await server.store.find(resource, info.namespace, info.name)
    try {
      if (there) return { bytes: await modify(context, change), isNew: false }
      const made = make()
      context.allowCreation()
      return { bytes: await storeNew(context, made), isNew: true }
    } catch (error) {
      if (attempt >= retriesMax || !isStatus(error, there ? "NotFound" : "AlreadyExists")) throw error
    }
  }
}

function versionless({ resource, info }: RequestContext): StatusError {
  const detail = "must be specified for an update"
  return invalidError(resource, info.name, [{ type: "Invalid", field: "metadata.resourceVersion", value: 0, detail }])
}

/** An object is written under the name that it says, where it says one. */
export function requireName({ info }: RequestContext, { metadata }: AnyObject): void {
  if (metadata.name === undefined || metadata.name === info.name) return
  throw new StatusError(
    "BadRequest",
    `the name of the object (${metadata.name}) does not match the name on the URL (${info.name})`,
  )
}

/** Changes an object by `change`, which gets a copy of the live one. Returns it as served. */
export async function modify(context: RequestContext, change: Mutation): Promise<Buffer> {
  const { server, resource, info } = context
  const { behind } = resource
  if (behind) {
    return modify(storedContext(context), async (live) => storedForm(context, await change(behind.fromStored(live))))
  }
  for (let attempt = 1; ; attempt++) {
    const entry = await server.store.get(resource, info.namespace, info.name)
    const live = await objectInVersion(resource, parseObject(entry.bytes), resource.apiVersion)
    const wanted = await change(copyOf(live))
    const decided = wanted.metadata.resourceVersion
    checkUid(context, live, wanted.metadata.uid)
    if (decided !== undefined && decided !== "" && decided !== String(entry.revision)) {
      throw conflict(resource, info.name)
    }
    try {
      return await write(context, entry, live, wanted)
    } catch (error) {
      if (!isStatus(error, "Conflict") || error.details?.causes || attempt >= retriesMax) throw error
    }
  }
}

/** An object that was made anew under the same name is another: what was decided about the first does not hold for it. */
export function checkUid(
  { resource }: RequestContext,
  { metadata }: Pick<AnyObject, "metadata">,
  uid: string | undefined,
): void {
  if (uid === undefined || uid === "" || uid === metadata.uid) return
  const { name = "", uid: found = "" } = metadata
  throw new StatusError(
    "Conflict",
    `Operation cannot be fulfilled on ${qualified(resource)} "${name}": Precondition failed: UID in precondition: ${uid}, UID in object meta: ${found}`,
    { name, group: resource.group, kind: resource.plural, causes: [] },
  )
}

/** A copy to be changed. Who owns what is never changed in place, and is often half of an object. */
function copyOf(live: AnyObject): AnyObject {
  const { managedFields, ...metadata } = live.metadata
  return withEntries(copyJson({ ...live, metadata }), managedFields)
}

async function write(context: RequestContext, entry: Entry, live: AnyObject, wanted: AnyObject): Promise<Buffer> {
  const { server, resource } = context
  const next = await prepare(context, live, wanted)
  // Writing an object as it is moves it to the version in which objects are stored now.
  if (sameObject(live, next) && versionOf(entry.bytes) === resource.storageApiVersion) return entry.bytes
  if (isDryRun(context)) return withResourceVersion(encodeStored(next), entry.revision)
  const strategy = strategyOf(server.strategies, resource)
  const deleting = next.metadata.deletionTimestamp !== undefined
  const free = (next.metadata.finalizers ?? []).length === 0 && strategy.isHeld?.(next) !== true
  if (deleting && free && (next.metadata.deletionGracePeriodSeconds ?? 0) === 0) {
    await server.store.delete(resource, entry)
    return withResourceVersion(encodeStored(next), entry.revision)
  }
  const stored = await objectInVersion(resource, next, resource.storageApiVersion)
  const release = await strategy.allocate?.(stored, live)
  try {
    return (await server.store.update(resource, entry, stored)).bytes
  } finally {
    release?.()
  }
}

async function prepare(context: RequestContext, live: AnyObject, wanted: AnyObject): Promise<AnyObject> {
  const { server, resource, info } = context
  const { name } = info
  const object = onlyWritable(context, live, wanted)
  pruneUnknown(context, object)
  resource.compiled().default(object)
  const missing = refuseMisshapen(resource, name, object)
  const strategy = strategyOf(server.strategies, resource)
  strategy.prepareUpdate?.(object, live, server.clock.now(), info.subresource)
  const entries = entriesAfter(context, live, object)
  const owned = withEntries(object, entries)
  const mutated = await mutate(context, { operation: "UPDATE", name, object: owned, oldObject: live })
  const admitted = withEntries(mutated, entries)
  resource.compiled().default(admitted)
  const judged =
    info.subresource === "status"
      ? strategy.validateStatus?.(admitted, live)
      : strategy.validate?.(admitted, live, info.subresource)
  const mistakes = [...finalizerMistakes(live, admitted), ...(await judge(resource, admitted, live)), ...(judged ?? [])]
  refuseMistakes(resource, name, withMissingTexts(missing, admitted, mistakes))
  if (info.subresource === "") context.warnings.push(...warningsOf(resource, admitted, live))
  await validate(context, { operation: "UPDATE", name, object: admitted, oldObject: live })
  return withGeneration(context, live, admitted)
}

/** The generation counts changes of what is desired: everything but metadata and status. */
function withGeneration(context: RequestContext, live: AnyObject, next: AnyObject): AnyObject {
  const { resource } = context
  if (!countsGenerations(resource)) return next
  const desired = ({ metadata: _m, status, apiVersion: _a, ...rest }: AnyObject): object =>
    resource.status ? rest : { ...rest, status: status ?? null }
  if (jsonEqual(desired(live), desired(next))) return next
  const caused = withCause(context, live, next)
  return { ...caused, metadata: { ...caused.metadata, generation: (live.metadata.generation ?? 0) + 1 } }
}

/** A write that changes nothing writes nothing: no revision, no event. Whose the fields are counts, since when does not. */
function sameObject(live: AnyObject, next: AnyObject): boolean {
  const bare = ({
    apiVersion: _,
    metadata: { resourceVersion: __, managedFields: ___, ...metadata },
    ...rest
  }: AnyObject): object => ({ ...rest, metadata })
  return sameOwners(live.metadata.managedFields, next.metadata.managedFields) && jsonEqual(bare(live), bare(next))
}
