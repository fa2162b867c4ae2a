import type { ObjectMeta } from "../meta/object-meta.ts"

/** Label by which the pods and the Deployment of a revision are known. */
export const revisionLabel = "serving.knative.dev/revision"
/** Label that tells which of several revisions that have had this name. */
export const revisionUidLabel = "serving.knative.dev/revisionUID"

/** `namespace/name` of the revision that an object belongs to, none or one; fit as the index of an informer. */
export function revisionKeys({ metadata }: { readonly metadata: ObjectMeta }): string[] {
  const revision = metadata.labels?.[revisionLabel]
  return revision === undefined ? [] : [`${metadata.namespace ?? "default"}/${revision}`]
}
