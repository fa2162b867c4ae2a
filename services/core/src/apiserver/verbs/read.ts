import { setImmediate } from "node:timers/promises"
import type { AnyObject } from "@wick/sdk/api/kind"
import { notOlderThan } from "../list-revision.ts"
import { type AnswerForm, answerForm, protobufType } from "../negotiation.ts"
import { parseObject } from "../object-bytes.ts"
import type { RequestContext } from "../request-context.ts"
import { bytesResponse, jsonResponse, partsResponse } from "../respond.ts"
import type { ServedResource } from "../served-resource.ts"
import { partialOf, tableOf } from "../table.ts"
import { inVersion, renamed } from "../version.ts"
import { listPage } from "./list-page.ts"
import { joinedItems, listParts, runsOf, type Stored, sizeOf, wholeBytesMax } from "./list-parts.ts"
import { canShare, shareList } from "./object-sharing.ts"
import { sharedBytesMin, sharedItems } from "./shared-list.ts"

export async function getObject(context: RequestContext): Promise<Response> {
  const { server, resource, info } = context
  const { bytes } = await server.store.get(resource, info.namespace, info.name)
  notOlderThan(info.query, server.store.cache(resource).revision)
  return answerObject(context, bytes)
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

export async function listObjects(context: RequestContext): Promise<Response> {
  const { resource, server } = context
  const found = await listPage(context)
  if (!("entries" in found)) return found
  const { entries, meta } = found
  server.store.cache(resource).announcePresent()
  const accept = context.request.headers.get("accept") ?? ""
  const form = answerForm(accept, context.info.query, { custom: resource.custom, stream: false })
  if (canShare(context, form)) return shareList(context, found)
  return answerList(context, entries, meta)
}

/** A list of objects, given as they are stored, in the form that the client asked for. */
export async function answerList(context: RequestContext, stored: readonly Stored[], meta: object): Promise<Response> {
  const { resource, info, request, server } = context
  const form = answerForm(request.headers.get("accept") ?? "", info.query, { custom: resource.custom, stream: false })
  // Whatever is converted by somebody else is so in one go.
  const size = request.method === "GET" && !resource.conversion ? sizeOf(stored) : 0
  if (size > wholeBytesMax) {
    if (form.encoding === "json") return answerInParts(context, stored, meta, form)
    if (form.encoding === "protobuf" && form.kind === "object" && !resource.computed)
      return answerInProtobuf(resource, stored, meta)
  }
  const inServed = (): Promise<readonly Buffer[]> =>
    inVersion(
      resource,
      stored.map(({ bytes }) => bytes),
    )
  if (form.kind === "object" && form.encoding === "json" && size > sharedBytesMin) {
    const head = Buffer.from(headOf(resource, meta))
    const items = await sharedItems(resource, stored, inServed)
    return partsResponse([head, items].values(), head.length + items.length)
  }
  const served = await inServed()
  if (form.kind === "object") return bytesResponse(joinedItems(served, { before: headOf(resource, meta), after: "]}" }))
  const objects = served.map(parseObject)
  if (form.kind === "table") return jsonResponse(tableOf(resource, objects, meta, form.include, server.clock.now()))
  const items = objects.map((object) => partialOf(object))
  return jsonResponse({ ...partialList, metadata: meta, items })
}

const partialList = { kind: "PartialObjectMetadataList", apiVersion: "meta.k8s.io/v1" }

/** A large list: written while it is read, so that neither memory nor anybody else's answer is held by it. */
function answerInParts(
  { resource, server }: RequestContext,
  stored: readonly Stored[],
  meta: object,
  form: AnswerForm,
): Response {
  const as = (bytes: Buffer): Buffer => renamed(resource, bytes)
  const head = headOf(resource, meta)
  if (form.kind === "object") {
    const parts = listParts(head, stored, (run) => joinedItems(run.map(as)))
    // Built-in objects are stored in the one version of their kind: what is written is as long as what is stored.
    const isAsStored = !resource.custom && resource.behind === undefined
    const length = Buffer.byteLength(head) + sizeOf(stored) + stored.length + 1
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

async function answerInProtobuf(resource: ServedResource, stored: readonly Stored[], meta: object): Promise<Response> {
  const { encodeProtobufList } = await import("../protobuf/encode.ts")
  const list = { apiVersion: resource.apiVersion, kind: resource.listKind, metadata: meta }
  const objects = runsOf(stored).map((run) => run.map((bytes) => parseObject(renamed(resource, bytes))))
  const pieces = await encodeProtobufList(list, objects, setImmediate)
  return partsResponse(
    pieces.values(),
    pieces.reduce((sum, { byteLength }) => sum + byteLength, 0),
    protobufType,
  )
}

/** Values as they stand in an array. */
function inner(values: readonly unknown[]): Buffer {
  return Buffer.from(JSON.stringify(values).slice(1, -1))
}

function headOf({ listKind, apiVersion }: ServedResource, meta: object): string {
  return `{"kind":"${listKind}","apiVersion":"${apiVersion}","metadata":${JSON.stringify(meta)},"items":[`
}
