import type { Column } from "@wick/sdk/api"
import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { LabelSelector, Labels } from "@wick/sdk/api/meta/label-selector"
import { formatSelector } from "@wick/sdk/api/meta/selector-text"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { decodeBody, mediaTypeOf } from "../decode-body.ts"
import { setAt, valueAt } from "../field-path.ts"
import { invalidError } from "../invalid-error.ts"
import { answerForm } from "../negotiation.ts"
import { parseObject } from "../object-bytes.ts"
import { applyJsonPatch } from "../patch/json-patch.ts"
import { isObject } from "../patch/json-value.ts"
import { applyMergePatch } from "../patch/merge-patch.ts"
import { applyServerSide } from "../patch/server-side-apply.ts"
import type { RequestContext } from "../request-context.ts"
import { jsonResponse } from "../respond.ts"
import { tableOf } from "../table.ts"
import { isApply, ownableOf, writerOf } from "../verbs/ownership.ts"
import { modify } from "../verbs/update.ts"
import { inVersion } from "../version.ts"

interface Scale {
  apiVersion: string
  kind: string
  metadata: Record<string, unknown>
  spec: { replicas?: number }
  status: { replicas: number; selector?: string }
}

/** The scale subresource: how many there should be and are, whatever the kind. */
export async function scaleSubresource(context: RequestContext): Promise<Response> {
  const { server, resource, info, request } = context
  const paths = resource.scale
  if (!paths) throw new StatusError("NotFound", "the server could not find the requested resource")
  if (info.verb === "get") {
    return inForm(
      context,
      await answeredScale(context, (await server.store.get(resource, info.namespace, info.name)).bytes),
    )
  }
  const body = await decodeBody(request)
  const whole = { ...context, door: "scale", info: { ...info, subresource: "" } }
  const bytes = await modify(whole, (live) => {
    const wanted = wantedScale(scaleOf(context, live), body, info.verb, mediaTypeOf(request))
    const replicas = wanted.spec?.replicas ?? 0
    if (!Number.isInteger(replicas) || replicas < 0) {
      const detail = "must be greater than or equal to 0"
      const mistake: FieldError = { type: "Invalid", field: "spec.replicas", value: replicas, detail }
      throw invalidError({ kind: "Scale", group: "autoscaling" }, info.name, [mistake])
    }
    if (isApply(context)) return appliedReplicas(whole, live, paths.specReplicas, replicas)
    setAt(live, paths.specReplicas, replicas)
    const version = info.verb === "update" ? wanted.metadata.resourceVersion : undefined
    live.metadata.resourceVersion = version as string
    return live
  })
  return jsonResponse(await answeredScale(context, bytes))
}

/** An applier of a scale applies the one field of the whole object that it stands for. */
function appliedReplicas(context: RequestContext, live: AnyObject, path: string, replicas: number): AnyObject {
  const { apiVersion, kind, metadata } = live
  const { name, namespace } = metadata
  const applied = { apiVersion, kind, metadata: { name, ...(namespace && { namespace }) } } as AnyObject
  setAt(applied, path, replicas)
  const force = context.info.query.get("force") === "true"
  return applyServerSide(live, applied, ownableOf(context.resource), { ...writerOf(context), force })
}

/** The same columns for every kind that has a scale. */
const columns: readonly Column[] = [
  { name: "Desired", type: "integer", jsonPath: ".spec.replicas" },
  { name: "Available", type: "integer", jsonPath: ".status.replicas" },
  { name: "Age", type: "date", jsonPath: ".metadata.creationTimestamp" },
]

function inForm({ request, info, server }: RequestContext, scale: Scale): Response {
  const form = answerForm(request.headers.get("accept") ?? "", info.query)
  if (form.kind !== "table") return jsonResponse(scale)
  const meta = { resourceVersion: scale.metadata.resourceVersion }
  const object = scale as unknown as AnyObject
  return jsonResponse(tableOf({ columns, custom: false }, [object], meta, form.include, server.clock.now()))
}

async function answeredScale(context: RequestContext, stored: Buffer): Promise<Scale> {
  const [bytes = stored] = await inVersion(context.resource, [stored])
  return scaleOf(context, parseObject(bytes))
}

function wantedScale(scale: Scale, body: unknown, verb: string, type: string): Scale {
  if (verb === "update") return requireScale(body)
  const patched = type === "application/json-patch+json" ? applyJsonPatch(scale, body) : applyMergePatch(scale, body)
  return requireScale(patched)
}

function requireScale(value: unknown): Scale {
  if (isObject(value) && isObject(value.metadata ?? {}) && isObject(value.spec ?? {})) {
    return { ...value, metadata: value.metadata ?? {} } as unknown as Scale
  }
  throw new StatusError("BadRequest", "the body must be a Scale object")
}

function scaleOf({ resource }: RequestContext, object: AnyObject): Scale {
  const { name, namespace, uid, resourceVersion, creationTimestamp } = object.metadata
  const paths = resource.scale
  const selector = paths?.selector ? valueAt(object, paths.selector) : undefined
  return {
    kind: "Scale",
    apiVersion: "autoscaling/v1",
    metadata: { name, namespace, uid, resourceVersion, creationTimestamp },
    spec: { replicas: Number(valueAt(object, paths?.specReplicas ?? "") ?? 0) },
    status: {
      replicas: Number(valueAt(object, paths?.statusReplicas ?? "") ?? 0),
      ...(selector !== undefined && { selector: selectorText(selector) }),
    },
  }
}

function selectorText(selector: unknown): string {
  if (typeof selector === "string") return selector
  const { matchLabels, matchExpressions } = selector as LabelSelector
  const isMap = Object.values(selector as object).every((value) => typeof value === "string")
  return formatSelector(isMap ? { matchLabels: selector as Labels } : { matchLabels, matchExpressions })
}
