import { StatusError } from "@wick/sdk/api/meta/status-error"
import { CompactedError, FutureRevisionError } from "#store"
import type { Entry } from "../entry.ts"
import { checkListOptions, exactRevision, numberOf } from "../list-revision.ts"
import { isObject } from "../patch/json-value.ts"
import type { RequestContext } from "../request-context.ts"
import { jsonResponse } from "../respond.ts"
import { everything, type Selection, selectionOf } from "../selection.ts"
import { firstFrom } from "../watch-cache.ts"

export interface Page {
  readonly entries: readonly Entry[]
  readonly meta: { resourceVersion: string; continue?: string; remainingItemCount?: number }
}

/** Those of a list that are wanted, and how many are behind them: as many as nothing was selected of, else at least one. */
interface Found {
  readonly entries: readonly Entry[]
  readonly left: number
}

interface Wanted {
  readonly selection: Selection
  /** Key behind which the list begins; "" is before all. */
  readonly after: string
  /** 0: all. */
  readonly limit: number
}

/** To look at more objects than this takes a millisecond or so. */
const manyObjects = 5_000

/**
 * A page of a list, in the order of keys. A token names the last key and the revision of the first page: all pages are of
 * that one moment, whatever is written while they are read.
 */
export async function listPage(context: RequestContext): Promise<Page | Response> {
  const { server, resource, info } = context
  const cache = server.store.cache(resource)
  await cache.fresh()
  if (cache.size > manyObjects) await server.store.turns.take()
  const limit = Math.max(numberOf(info.query, "limit"), 0)
  checkListOptions(info.query)
  const selection = selectionOf(resource, info.query)
  const token = tokenOf(info.query.get("continue") ?? "")
  if (token && !["", "0", null].includes(info.query.get("resourceVersion"))) {
    throw new StatusError("BadRequest", "specifying resource version is not allowed when using continue")
  }
  const exact = token ? atPresent(token.revision) : exactRevision(info.query, cache.revision)
  const revision = exact ?? cache.revision
  const wanted = { selection, limit, after: token?.after ?? "" }
  const isPresent = exact === undefined || cache.isAsOf(exact)
  const found = isPresent ? select(cache.list(info.namespace), wanted) : await selectAsOf(context, revision, wanted)
  if (!found) return expired(token)
  const { entries, left } = found
  if (left === 0) return { entries, meta: { resourceVersion: String(revision) } }
  const next = textOf({ revision, after: entries.at(-1)?.key ?? "" })
  const meta = { resourceVersion: String(revision), continue: next }
  // How many are left is told only where nothing selects: elsewhere a server could not know without looking at them all.
  return { entries, meta: selection === everything ? { ...meta, remainingItemCount: left } : meta }
}

function select(there: readonly Entry[], { selection, after, limit }: Wanted): Found {
  const from = after === "" ? 0 : firstFrom(there, `${after}\0`)
  const end = limit === 0 ? there.length : Math.min(there.length, from + limit)
  if (selection === everything) return { entries: there.slice(from, end), left: there.length - end }
  const entries: Entry[] = []
  for (let at = from; at < there.length; at++) {
    const entry = there[at] as Entry
    if (!selection(entry)) continue
    if (limit > 0 && entries.length === limit) return { entries, left: 1 }
    entries.push(entry)
  }
  return { entries, left: 0 }
}

/** The same of what there was; undefined when that is forgotten. */
async function selectAsOf(context: RequestContext, revision: number, wanted: Wanted): Promise<Found | undefined> {
  const { server, resource, info } = context
  const { selection, after, limit } = wanted
  const entries: Entry[] = []
  try {
    for await (const some of server.store.past(resource, info.namespace, { revision, after })) {
      for (const [at, entry] of some.entries.entries()) {
        if (!selection(entry)) continue
        if (limit > 0 && entries.length === limit) return { entries, left: some.left + some.entries.length - at }
        entries.push(entry)
      }
    }
  } catch (error) {
    if (error instanceof FutureRevisionError)
      throw wrongToken("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
    if (!(error instanceof CompactedError)) throw error
    return undefined
  }
  return { entries, left: 0 }
}

/** In a token: the rest of a list as it is now, whatever it was when the list began. */
const present = -1

function atPresent(revision: number): number | undefined {
  return revision === present ? undefined : revision
}

/** The moment is forgotten; who has seen a part of the list may go on from there in what there is now, if he wants to. */
function expired(token: Token | undefined): Response {
  if (!token) throw new StatusError("Expired", "The resourceVersion for the provided list is too old.")
  const status = new StatusError(
    "Expired",
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  ).toStatus()
  const next = textOf({ ...token, revision: present })
  return jsonResponse({ ...status, metadata: { continue: next } }, status.code)
}

interface Token {
  readonly revision: number
  readonly after: string
}

const tokenVersion = "meta.k8s.io/v1"

/** Opaque to clients, of the form of Kubernetes' own. */
function textOf({ revision, after }: Token): string {
  return Buffer.from(JSON.stringify({ v: tokenVersion, rv: revision, start: `${after}\0` })).toString("base64url")
}

function tokenOf(text: string): Token | undefined {
  if (text === "") return undefined
  const { v, rv, start } = parsed(text)
  if (v !== tokenVersion) throw wrongToken(`server does not recognize this encoded version ${v ?? ""}`)
  const isRevision = rv === present || (Number.isInteger(rv) && Number(rv) > 0)
  if (!isRevision) throw wrongToken("incorrect encoded start resourceVersion (version meta.k8s.io/v1)")
  if (typeof start !== "string" || start === "") throw wrongToken("encoded start key empty (version meta.k8s.io/v1)")
  return { revision: Number(rv), after: start.replace(/\0$/, "") }
}

function parsed(text: string): { v?: unknown; rv?: unknown; start?: unknown } {
  try {
    const token: unknown = JSON.parse(Buffer.from(text, "base64url").toString())
    if (isObject(token)) return token
  } catch {
    // Said below, with every other text that is no token.
  }
  throw wrongToken("it was not given by this server")
}

function wrongToken(why: string): StatusError {
  return new StatusError("BadRequest", `invalid continue token: continue key is not valid: ${why}`)
}
