import { StatusError } from "@wick/sdk/api/meta/status-error"
import { decodeBody } from "./decode-body.ts"
import type { RequestContext } from "./request-context.ts"
import { bytesResponse, jsonResponse } from "./respond.ts"
import { qualified } from "./served-resource.ts"
import { evictPod } from "./subresource/eviction.ts"
import { bindPod, podLog } from "./subresource/pod.ts"
import { proxyRequest } from "./subresource/proxy.ts"
import { scaleSubresource } from "./subresource/scale.ts"
import { computedVerbs } from "./verbs/computed.ts"
import { createObject } from "./verbs/create.ts"
import { deleteCollection, deleteObject } from "./verbs/delete.ts"
import { patchObject } from "./verbs/patch.ts"
import { answerList, answerObject, getObject, listObjects } from "./verbs/read.ts"
import { modify, updateObject, type Written } from "./verbs/update.ts"
import { watchObjects } from "./verbs/watch.ts"
import { inVersion } from "./version.ts"

type Handler = (context: RequestContext) => Promise<Response>

const whole: Record<string, Handler> = {
  get: getObject,
  list: listObjects,
  watch: watchObjects,
  create: async (context) => answerObject(context, await createObject(context), 201),
  update: async (context) => answerWritten(context, await updateObject(context)),
  patch: async (context) => answerWritten(context, await patchObject(context)),
  delete: removal,
  deletecollection: async (context) => {
    const { entries, meta } = await deleteCollection(context)
    return answerList(context, entries, meta)
  },
}

/** What is written to a collection, and what to one object. */
const needsName: Readonly<Record<string, boolean>> = { create: false, update: true, patch: true }

/** Parts of an object that are read and written like it. */
const status: Record<string, Handler> = {
  get: getObject,
  update: async (context) => answerWritten(context, await updateObject(context)),
  patch: async (context) => answerWritten(context, await patchObject(context)),
}

/** Of each part the verbs that it has: reading a path must never do what writing to it does. */
const podParts: Record<string, Record<string, Handler>> = {
  binding: { create: bindPod },
  eviction: { create: evictPod },
  log: { get: podLog },
  ephemeralcontainers: status,
  resize: status,
}
/** Approving a request is a right of its own, so it has a path of its own. */
const signingRequests = "certificatesigningrequests.certificates.k8s.io"
/** Kinds that the server passes requests on to. */
const proxied = new Set(["pods", "services", "nodes"])
const scale: Record<string, Handler> = {
  get: scaleSubresource,
  update: scaleSubresource,
  patch: scaleSubresource,
}

function answerWritten(context: RequestContext, { bytes, isNew }: Written): Promise<Response> {
  return answerObject(context, bytes, isNew ? 201 : 200)
}

/** The handler of a resource request; NotFound or MethodNotAllowed when there is none. */
export async function handleResource(context: RequestContext): Promise<Response> {
  const { info, resource } = context
  const found = handlerOf(context)
  if (!found) {
    throw new StatusError(
      "MethodNotAllowed",
      `the server does not allow this method on the requested resource: ${info.verb} ${qualified(resource)}${info.subresource && `/${info.subresource}`}`,
    )
  }
  return found(context)
}

function handlerOf({ info, resource }: RequestContext): Handler | undefined {
  const { subresource, verb } = info
  if (resource.computed) return subresource === "" ? computedVerbs[verb] : notServed()
  if (resource.isTerminating && verb === "create") {
    throw new StatusError("MethodNotAllowed", "create not allowed while custom resource definition is terminating")
  }
  if (subresource === "") return needsName[verb] === (info.name === "") ? undefined : whole[verb]
  if (subresource === "status" && resource.status) return status[verb]
  if (subresource === "scale" && resource.scale) return scale[verb]
  if (subresource === "approval" && !resource.custom && qualified(resource) === signingRequests) return status[verb]
  if (resource.custom || resource.group !== "") return notServed()
  if (subresource === "proxy" && proxied.has(resource.plural)) return proxyRequest
  if (resource.plural === "pods") return (podParts[subresource] ?? notServed())[verb]
  if (resource.plural === "namespaces" && subresource === "finalize") return verb === "update" ? finalize : undefined
  return notServed()
}

function notServed(): never {
  throw new StatusError("NotFound", "the server could not find the requested resource")
}

async function removal(context: RequestContext): Promise<Response> {
  const deletion = await deleteObject(context)
  if (deletion.kind === "pending") {
    const [bytes = deletion.bytes] = await inVersion(context.resource, [deletion.bytes])
    return bytesResponse(bytes)
  }
  return success(context, deletion.object.metadata.uid ?? "")
}

function success({ info, resource }: RequestContext, uid: string): Response {
  const { group, plural } = resource
  const details = { ...(info.name && { name: info.name }), ...(group && { group }), kind: plural, ...(uid && { uid }) }
  return jsonResponse({ kind: "Status", apiVersion: "v1", metadata: {}, status: "Success", details })
}

/** `namespaces/finalize`: the only way to change a namespace's finalizers; without any, a terminating one is gone. */
async function finalize(context: RequestContext): Promise<Response> {
  const body = (await decodeBody(context.request)) as { spec?: { finalizers?: string[] } }
  const finalizers = body?.spec?.finalizers ?? []
  const bytes = await modify({ ...context, info: { ...context.info, subresource: "finalize" } }, (live) => {
    live.spec = { ...(live.spec as object), finalizers }
    return live
  })
  return answerObject(context, bytes)
}
