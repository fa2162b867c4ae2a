import type { AnyObject } from "@wick/sdk/api/kind"
import { queryFlag } from "@wick/sdk/api/meta/query-flag"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { decodeBody, mediaTypeOf } from "../decode-body.ts"
import { invalidOption } from "../invalid-error.ts"
import { duplicateItem } from "../patch/duplicate-item.ts"
import { applyJsonPatch } from "../patch/json-patch.ts"
import { copyJson } from "../patch/json-value.ts"
import { applyMergePatch } from "../patch/merge-patch.ts"
import { place } from "../patch/schema-walk.ts"
import { applyServerSide } from "../patch/server-side-apply.ts"
import { applyStrategicMerge } from "../patch/strategic-merge.ts"
import type { RequestContext } from "../request-context.ts"
import { pruneUnknown } from "../validate-object.ts"
import { requireObject } from "./create.ts"
import { applyType, ownableOf, writerOf } from "./ownership.ts"
import { changeOrMake, modify, requireName, type Written } from "./update.ts"

type PatchOf = (live: AnyObject, patch: unknown, context: RequestContext) => unknown

const patches: Record<string, PatchOf> = {
  "application/json-patch+json": applyJsonPatch,
  "application/merge-patch+json": applyMergePatch,
}

/** Also those that say of a list how it is merged, which schemas of custom resources cannot. */
const patchesOfBuiltIn: Record<string, PatchOf> = {
  ...patches,
  "application/strategic-merge-patch+json": (live, patch, { resource }) =>
    applyStrategicMerge(live, patch, place(resource.schema, resource.components)),
}

/** Changes an object by one of the four kinds of patch; an apply patch makes it when it is not there. */
export async function patchObject(context: RequestContext): Promise<Written> {
  const type = mediaTypeOf(context.request)
  const body = await decodeBody(context.request)
  if (type === applyType) return apply(context, body)
  if (context.info.query.has("force")) {
    const detail = "may not be specified for non-apply patch"
    throw invalidOption("PatchOptions", { type: "Forbidden", field: "force", detail })
  }
  const known = context.resource.custom ? patches : patchesOfBuiltIn
  const patch = known[type]
  if (!patch) throw unsupported(type, [...Object.keys(known), applyType])
  const bytes = await modify(context, (live) => patched(context, patch(live, body, context)))
  return { bytes, isNew: false }
}

function unsupported(type: string, known: readonly string[]): StatusError {
  return new StatusError(
    "UnsupportedMediaType",
    `the body of the request was in an unknown format (${type}) - accepted media types include: ${known.join(", ")}`,
  )
}

/** What came out of a patch is an object like any other that a client sends. */
function patched(context: RequestContext, value: unknown): AnyObject {
  const object = requireObject(context, value)
  requireName(context, object)
  return object
}

async function apply(context: RequestContext, body: unknown): Promise<Written> {
  const { info, resource } = context
  if (!info.query.get("fieldManager")) {
    const detail = "is required for apply patch"
    throw invalidOption("PatchOptions", { type: "Required", field: "fieldManager", detail })
  }
  const applied = requireObject(context, body)
  if (applied.metadata.managedFields) throw new StatusError("BadRequest", "metadata.managedFields must be nil")
  // What the kind does not have is nobody's.
  pruneUnknown(context, applied)
  const by = { ...writerOf(context), force: queryFlag(info.query, "force") === true }
  const kind = ownableOf(resource)
  const duplicate = duplicateItem(applied, kind.at)
  if (duplicate) {
    const what = `${info.namespace && `${info.namespace}/`}${info.name}; ${resource.apiVersion}, Kind=${resource.kind}`
    throw new StatusError("BadRequest", `failed to create typed patch object (${what}): ${duplicate}`)
  }
  const change = (live: AnyObject): AnyObject => applyServerSide(live, copyJson(applied), kind, by)
  return changeOrMake(context, change, () => {
    if (info.subresource !== "") throw new StatusError("NotFound", `${resource.plural} "${info.name}" not found`)
    const named = { ...applied, metadata: { ...applied.metadata, name: info.name } }
    return applyServerSide(undefined, copyJson(named), kind, by)
  })
}
