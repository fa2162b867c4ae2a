import type { AnyObject } from "@wick/sdk/api/kind"
import { isStatus, StatusError } from "@wick/sdk/api/meta/status-error"
import { validate } from "../admit.ts"
import { decodeBody } from "../decode-body.ts"
import type { Entry } from "../entry.ts"
import { unsupportedOption } from "../invalid-error.ts"
import { checkListOptions } from "../list-revision.ts"
import { encodeStored, parseObject, withResourceVersion } from "../object-bytes.ts"
import { conflict } from "../object-store.ts"
import { copyJson, isObject } from "../patch/json-value.ts"
import { isDryRun, type RequestContext, timestamp } from "../request-context.ts"
import { requestMsMax } from "../request-deadline.ts"
import { selectionOf } from "../selection.ts"
import { countsGenerations } from "../served-resource.ts"
import { strategyOf } from "../strategy/strategy.ts"
import { objectInVersion } from "../version.ts"
import type { Page } from "./list-page.ts"
import { storedContext } from "./stored-form.ts"
import { checkUid } from "./update.ts"

interface DeleteOptions {
  gracePeriodSeconds?: number
  propagationPolicy?: string
  orphanDependents?: boolean
  preconditions?: { uid?: string; resourceVersion?: string }
  dryRun?: string[] | null
}

/** What a deletion left: the object that still waits for its end, or nothing. */
export type Deletion =
  | { readonly kind: "pending"; readonly bytes: Buffer }
  | { readonly kind: "gone"; readonly object: AnyObject }

/** Who deletes says nothing of what it looked like: that others write it again and again is no reason to refuse. */
const retriesMax = 100
const finalizers: Record<string, string> = { Foreground: "foregroundDeletion", Orphan: "orphan" }

export async function deleteObject(context: RequestContext): Promise<Deletion> {
  const options = await optionsOf(context)
  return removeNamed(triedOnly(context, options), context.info.name, options)
}

/** Deletes every object of the selection, each as if it had been named; answers with all of them, as they were. */
export async function deleteCollection(context: RequestContext): Promise<Page> {
  const { server, resource, info } = context
  const options = await optionsOf(context)
  checkListOptions(info.query)
  const selection = selectionOf(resource, info.query)
  const cache = server.store.cache(resource)
  await cache.fresh()
  const entries = cache.list(info.namespace).filter(selection)
  const meta = { resourceVersion: String(cache.revision) }
  const remove = async ({ name, namespace }: Entry): Promise<void> => {
    const own = { ...context, info: { ...info, name, namespace } }
    await removeNamed(triedOnly(own, options), name, options).catch((error: unknown) => {
      if (!isStatus(error, "NotFound")) throw error
    })
  }
  const start = server.clock.monotonic()
  // Nobody is there any more to be told of what is done later: who asks again goes on from there.
  const isOver = (): boolean => server.clock.monotonic() - start > requestMsMax
  await someAtATime(entries, removedAtOnce, remove, isOver)
  return { entries, meta }
}

/** Objects of a collection that are being deleted at a time: their writes reach the disk together. */
const removedAtOnce = 32

/** Begins nothing more once something has failed. */
async function someAtATime<Item>(
  items: readonly Item[],
  count: number,
  work: (item: Item) => Promise<void>,
  isOver: () => boolean,
): Promise<void> {
  const rest = items.values()
  let hasFailed = false
  const one = async (): Promise<void> => {
    for (const item of rest) {
      if (hasFailed || isOver()) return
      await work(item).catch((error: unknown) => {
        hasFailed = true
        throw error
      })
    }
  }
  await Promise.all(Array.from({ length: count }, one))
}

async function optionsOf({ request, info }: RequestContext): Promise<DeleteOptions> {
  const body = (await decodeBody(request)) ?? {}
  if (!isObject(body)) throw new StatusError("BadRequest", "the body must be a DeleteOptions object")
  const grace = info.query.get("gracePeriodSeconds")
  const policy = info.query.get("propagationPolicy")
  const options: DeleteOptions = {
    ...(body as DeleteOptions),
    ...(grace !== null && { gracePeriodSeconds: Number(grace) }),
    ...(policy !== null && { propagationPolicy: policy }),
  }
  refuseMistakesOf(options)
  return options
}

/** Options may ask in the body, as kubectl does, that nothing be deleted; all else hears it from the query. */
export function triedOnly(context: RequestContext, { dryRun }: Pick<DeleteOptions, "dryRun">): RequestContext {
  if (!dryRun?.length) return context
  const query = new URLSearchParams(context.info.query)
  query.set("dryRun", "All")
  return { ...context, info: { ...context.info, query } }
}

const policies = ["Background", "Foreground", "Orphan"]

function refuseMistakesOf(options: DeleteOptions): void {
  const { gracePeriodSeconds, propagationPolicy, preconditions, dryRun } = options
  if (dryRun && (!Array.isArray(dryRun) || dryRun.some((value) => value !== "All"))) {
    throw unsupportedOption("DeleteOptions", "dryRun", dryRun, ["All"])
  }
  if (gracePeriodSeconds !== undefined && !(Number.isInteger(gracePeriodSeconds) && gracePeriodSeconds >= 0)) {
    throw new StatusError("BadRequest", "gracePeriodSeconds must be a whole number of seconds, 0 or more")
  }
  if (propagationPolicy !== undefined && !policies.includes(propagationPolicy)) {
    throw unsupportedOption("DeleteOptions", "propagationPolicy", propagationPolicy, [...policies, "nil"])
  }
  if (preconditions !== undefined && !isObject(preconditions)) {
    throw new StatusError("BadRequest", "preconditions must be an object")
  }
}

async function removeNamed(context: RequestContext, name: string, options: DeleteOptions): Promise<Deletion> {
  if (context.resource.behind) return removeNamed(storedContext(context), name, options)
  for (let attempt = 1; ; attempt++) {
    const entry = await context.server.store.get(context.resource, context.info.namespace, name)
    const live = parseObject(entry.bytes)
    const { resource } = context
    checkPreconditions(context, live, options)
    const oldObject = await objectInVersion(resource, live, resource.apiVersion)
    await validate(context, { operation: "DELETE", name, object: undefined, oldObject })
    try {
      return await remove(context, entry, live, options)
    } catch (error) {
      if (!isStatus(error, "Conflict") || attempt >= retriesMax) throw error
    }
  }
}

function checkPreconditions(context: RequestContext, live: AnyObject, { preconditions }: DeleteOptions): void {
  const { resource } = context
  const { metadata } = live
  const { uid, resourceVersion } = preconditions ?? {}
  checkUid(context, live, uid)
  if (resourceVersion !== undefined && resourceVersion !== metadata.resourceVersion) {
    const error = conflict(resource, metadata.name ?? "")
    throw new StatusError("Conflict", error.message, { ...error.details, causes: [] })
  }
}

async function remove(
  context: RequestContext,
  entry: Entry,
  live: AnyObject,
  options: DeleteOptions,
): Promise<Deletion> {
  const { server, resource } = context
  const strategy = strategyOf(server.strategies, resource)
  const next = copyJson(live)
  const asked = options.gracePeriodSeconds
  const grace = strategy.graceSeconds?.(live, asked) ?? 0
  const policy = options.orphanDependents === true ? "Orphan" : options.propagationPolicy
  const added = policy && finalizers[policy]
  const kept = (live.metadata.finalizers ?? []).filter((name) => !policy || !Object.values(finalizers).includes(name))
  if (added || (policy && kept.length !== live.metadata.finalizers?.length))
    next.metadata.finalizers = added ? [...kept, added] : kept
  const waits = grace > 0 || (next.metadata.finalizers ?? []).length > 0 || strategy.isHeld?.(next) === true
  if (!waits) {
    if (!isDryRun(context)) await server.store.delete(resource, entry)
    return { kind: "gone", object: live }
  }
  const before = live.metadata.deletionGracePeriodSeconds
  if (live.metadata.deletionTimestamp === undefined || (before !== undefined && grace < before)) {
    next.metadata.deletionTimestamp = timestamp({
      clock: { ...server.clock, now: () => server.clock.now() + grace * 1_000 },
    })
    next.metadata.deletionGracePeriodSeconds = grace
    strategy.markDeleting?.(next)
  }
  if (countsGenerations(resource) && live.metadata.deletionTimestamp === undefined)
    next.metadata.generation = (live.metadata.generation ?? 0) + 1
  if (JSON.stringify(next) === JSON.stringify(live)) return { kind: "pending", bytes: entry.bytes }
  if (isDryRun(context)) return { kind: "pending", bytes: withResourceVersion(encodeStored(next), entry.revision) }
  return { kind: "pending", bytes: (await server.store.update(resource, entry, next)).bytes }
}
