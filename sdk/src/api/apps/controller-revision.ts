import * as z from "zod"
import { age } from "../column.ts"
import { anyObject, int64, optional, required } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import type { OwnerReference } from "../meta/object-meta.ts"

interface Owned {
  readonly metadata: { readonly ownerReferences?: readonly OwnerReference[] | undefined }
}

/** `statefulset.apps/web` */
function controllerText({ metadata }: Owned): string {
  const owner = metadata.ownerReferences?.find(({ controller }) => controller)
  if (!owner) return "<none>"
  const group = owner.apiVersion.includes("/") ? `.${owner.apiVersion.split("/")[0]}` : ""
  return `${owner.kind.toLowerCase()}${group}/${owner.name}`
}

export const ControllerRevision = defineKind({
  group: "apps",
  version: "v1",
  kind: "ControllerRevision",
  plural: "controllerrevisions",
  description: "ControllerRevision keeps what a controller's template was, to go back to it.",
  schema: z.object({
    data: optional(anyObject, "What is kept; never changes."),
    revision: required(int64, "Number of the revision."),
  }),
  columns: [
    { name: "Controller", type: "string", value: controllerText },
    { name: "Revision", type: "integer", value: ({ revision }) => revision },
    age,
  ],
})
export type ControllerRevision = KindOf<typeof ControllerRevision>
