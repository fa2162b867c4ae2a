import { setImmediate } from "node:timers/promises"
import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { CompactedError, FutureRevisionError } from "#store"
import { exactRevision, forbidden } from "../list-revision.ts"
import { type AnswerForm, answerForm, protobufType } from "../negotiation.ts"
import { parseObject } from "../object-bytes.ts"
import type { RequestContext } from "../request-context.ts"
import { bytesResponse, jsonResponse, partsResponse } from "../respond.ts"
import { selectionOf } from "../selection.ts"
import type { ServedResource } from "../served-resource.ts"
import { partialOf, tableOf } from "../table.ts"
import { inVersion, renamed } from "../version.ts"
import type { Entry } from "../watch-cache.ts"
import { bytesOf, joinedItems, listParts, runsOf, wholeBytesMax } from "./list-parts.ts"

export async function getObject(context: RequestContext): Promise<Response> {
  const { server, resource, info } = context
  return answerObject(context, (await server.store.get(resource, info.namespace, info.name)).bytes)
}

/** One object in the form that the client asked for. */
export async function answerObject(context: RequestContext, stored: Buffer, status = 200): Promise<Response> {
  const { resource, info, request, server } = context
  const [bytes = stored] = await inVersion(resource, [stored])
  const form = answerForm(request.headers.get("accept") ?? "", info.query, { custom: resource.custom, stream: false })
  if (form.kind === "object") return bytesResponse(bytes, status)
  const object = parseObject(bytes)
  if (form.kind === "partial") return jsonResponse(partialOf(object), status)
  const meta = { resourceVersion: object.metadata.resourceVersion }
  return jsonResponse(tableOf(resource, [object], meta, form.include, server.clock.now()), status)
}

interface Page {
  readonly entries: readonly Entry[]
  readonly meta: { resourceVersion: string; continue?: string; remainingItemCount?: number }
}

export async function listObjects(context: RequestContext): Promise<Response> {
  const { resource, server } = context
  const found = await page(context)
  if (found instanceof Response) return found
  const { entries, meta } = found
  server.store.cache(resource).announcePresent()
  return answerList(
    context,
    entries.map(({ bytes }) => bytes),
    meta,
  )
}

/** A list of objects, given as they are stored, in the form that the client asked for. */
export async function answerList(context: RequestContext, stored: readonly Buffer[], meta: object): Promise<Response> {
  const { resource, info, request, server } = context
  const form = answerForm(request.headers.get("accept") ?? "", info.query, { custom: resource.custom, stream: false })
  // Whatever is converted by somebody else is so in one go.
  if (request.method === "GET" && !resource.conversion && bytesOf(stored) > wholeBytesMax) {
    if (form.encoding === "json") return answerInParts(context, stored, meta, form)
    if (form.encoding === "protobuf" && form.kind === "object" && !resource.computed)
      return answerInProtobuf(resource, stored, meta)
  }
  const served = await inVersion(resource, stored)
  if (form.kind === "object") return bytesResponse(joined(context, served, meta))
  const objects = served.map(parseObject)
  if (form.kind === "table") return jsonResponse(tableOf(resource, objects, meta, form.include, server.clock.now()))
  const items = objects.map((object) => partialOf(object))
  return jsonResponse({ ...partialList, metadata: meta, items })
}

const partialList = { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1" }

/** A large list: written while it is read, so that neither memory nor anybody else's answer is held by it. */
function answerInParts(
  { resource, server }: RequestContext,
  stored: readonly Buffer[],
  meta: object,
  form: AnswerForm,
): Response {
  const as = (bytes: Buffer): Buffer => renamed(resource, bytes)
  const head = headOf(resource, meta)
  if (form.kind === "object") {
    const parts = listParts(head, stored, (run) => joinedItems(run.map(as)))
    // Built-in objects are stored in the one version of their kind: what is written is as long as what is stored.
    const isAsStored = !resource.custom && resource.behind === undefined
    const length = Buffer.byteLength(head) + bytesOf(stored) + stored.length + 1
    return partsResponse(parts, isAsStored ? length : undefined)
  }
  const objects = (run: readonly Buffer[]): AnyObject[] => run.map((bytes) => parseObject(as(bytes)))
  if (form.kind === "partial") {
    const start = JSON.stringify({ ...partialList, metadata: meta, items: [] }).slice(0, -2)
    return partsResponse(listParts(start, stored, (run) => inner(objects(run).map(partialOf))))
  }
  const now = server.clock.now()
  const table = (run: readonly Buffer[]): { rows: unknown[] } =>
    tableOf(resource, objects(run), meta, form.include, now) as { rows: unknown[] }
  const start = JSON.stringify(table([])).slice(0, -2)
  return partsResponse(listParts(start, stored, (run) => inner(table(run).rows)))
}

async function answerInProtobuf(resource: ServedResource, stored: readonly Buffer[], meta: object): Promise<Response> {
  const { encodeProtobufList } = await import("../protobuf/encode.ts")
  const list = { apiVersion: resource.apiVersion, kind: resource.listKind, metadata: meta }
  const objects = runsOf(stored).map((run) => run.map((bytes) => parseObject(renamed(resource, bytes))))
  const pieces = await encodeProtobufList(list, objects, setImmediate)
  return partsResponse(pieces.values(), bytesOf(pieces), protobufType)
}

/** Values as they stand in an array. */
function inner(values: readonly unknown[]): Buffer {
  return Buffer.from(JSON.stringify(values).slice(1, -1))
}

function headOf({ listKind, apiVersion }: ServedResource, meta: object): string {
  return `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(meta)},"items":[`
}

/** A list is the bytes of its objects, joined. */
function joined({ resource }: RequestContext, served: readonly Buffer[], meta: object): Buffer {
  return Buffer.concat([Buffer.from(headOf(resource, meta)), joinedItems(served), Buffer.from("]}")])
}

/**
 * A page of a list, in the order of keys. A token names the last key and the revision of the first page: all pages are of
 * that one moment, whatever is written while they are read.
 */
async function page(context: RequestContext): Promise<Page | Response> {
  const { server, resource, info } = context
  const cache = server.store.cache(resource)
  await cache.fresh()
  const selection = selectionOf(resource, info.query)
  const limit = limitOf(info.query)
  const token = tokenOf(info.query.get("continue") ?? "")
  if (token && info.query.get("resourceVersionMatch")) {
    throw forbidden("resourceVersionMatch is forbidden when continue is provided")
  }
  const exact = token ? atPresent(token.revision) : exactRevision(info.query, cache.revision)
  const revision = exact ?? cache.revision
  const there = exact === undefined ? cache.list(info.namespace) : await asOf(context, exact)
  if (!there) return expired(token)
  const matching = there.filter(({ index }) => selection(index))
  const rest = token ? matching.filter(({ key }) => key > token.after) : matching
  if (limit === 0 || rest.length <= limit) return { entries: rest, meta: { resourceVersion: String(revision) } }
  const entries = rest.slice(0, limit)
  const next = Buffer.from(JSON.stringify({ revision, after: entries.at(-1)?.key })).toString("base64url")
  const meta = { resourceVersion: String(revision), continue: next }
  // How many are left is told only where nothing selects: elsewhere a server could not know without looking at them all.
  if (isSelecting(info.query)) return { entries, meta }
  return { entries, meta: { ...meta, remainingItemCount: rest.length - limit } }
}

function isSelecting(query: URLSearchParams): boolean {
  return ["labelSelector", "fieldSelector"].some((selector) => query.get(selector))
}

async function asOf(
  { server, resource, info }: RequestContext,
  revision: number,
): Promise<readonly Entry[] | undefined> {
  try {
    return await server.store.snapshot(resource, info.namespace, revision)
  } catch (error) {
    if (error instanceof FutureRevisionError) throw wrongToken()
    if (!(error instanceof CompactedError)) throw error
    return undefined
  }
}

/** In a token: the rest of a list as it is now, whatever it was when the list began. */
const present = -1

function atPresent(revision: number): number | undefined {
  return revision === present ? undefined : revision
}

/** The moment is forgotten; who has seen a part of the list may go on from there in what there is now, if he wants to. */
function expired(token: Token | undefined): Response {
  if (!token) throw new StatusError("Expired", "The provided resource version is too old to display a consistent list.")
  const status = new StatusError(
    "Expired",
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.",
  ).toStatus()
  const next = Buffer.from(JSON.stringify({ ...token, revision: present })).toString("base64url")
  return jsonResponse({ ...status, metadata: { continue: next } }, status.code)
}

interface Token {
  readonly revision: number
  readonly after: string
}

function limitOf(query: URLSearchParams): number {
  const limit = Number(query.get("limit") ?? 0)
  if (!Number.isInteger(limit) || limit < 0)
    throw new StatusError("BadRequest", "limit must be a whole number, 0 or more")
  return limit
}

function tokenOf(text: string): Token | undefined {
  if (text === "") return undefined
  try {
    const token = JSON.parse(Buffer.from(text, "base64url").toString()) as Token
    const isRevision = token.revision === present || (Number.isInteger(token.revision) && token.revision > 0)
    if (typeof token.after === "string" && isRevision) return token
  } catch {
    // Said below, with every other wrong token.
  }
  throw wrongToken()
}

function wrongToken(): StatusError {
  return new StatusError("BadRequest", "continue key is not valid: it was not given by this server")
}
