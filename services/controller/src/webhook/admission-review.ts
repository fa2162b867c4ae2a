import type { AnyObject } from "@wick/sdk/api/kind"

/** One request of an `admission.k8s.io/v1` AdmissionReview, as far as serving looks at it. */
export interface ReviewRequest {
  readonly uid: string
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT"
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly object: AnyObject | undefined
  readonly oldObject: AnyObject | undefined
  readonly username: string
}

/** A mistake in an object: what is wrong, and where. */
export interface Mistake {
  readonly message: string
  /** `spec.template.spec.containerConcurrency` */
  readonly field: string
}

interface AdmissionReview {
  request?: {
    uid?: string
    operation?: string
    kind?: { group: string; version: string; kind: string }
    object?: AnyObject | null
    oldObject?: AnyObject | null
    userInfo?: { username?: string }
  }
}

/** The request in a review's body; undefined when it is none. */
export function readReview(body: unknown): ReviewRequest | undefined {
  const { request } = (body ?? {}) as AdmissionReview
  if (!request?.uid || !request.kind) return undefined
  return {
    uid: request.uid,
    operation: request.operation as ReviewRequest["operation"],
    kind: request.kind,
    object: request.object ?? undefined,
    oldObject: request.oldObject ?? undefined,
    username: request.userInfo?.username ?? "",
  }
}

/** Yes, with the object changed to `after`. */
export function allow(request: ReviewRequest, after: AnyObject | undefined): object {
  const changed = after !== undefined && JSON.stringify(after) !== JSON.stringify(request.object)
  const patch = changed ? replacement(request.object ?? {}, after) : undefined
  return answer(request, {
    allowed: true,
    ...(patch && { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }),
  })
}

/** No, with every mistake. */
export function deny(request: ReviewRequest, mistakes: readonly Mistake[]): object {
  const message = `validation failed: ${mistakes.map(({ message, field }) => `${message}: ${field}`).join("\n")}`
  const causes = mistakes.map(({ message, field }) => ({ reason: "FieldValueInvalid", message, field }))
  const status = { status: "Failure", reason: "BadRequest", code: 400, message, details: { causes } }
  return answer(request, { allowed: false, status })
}

function answer({ uid }: ReviewRequest, response: object): object {
  return { apiVersion: "admission.k8s.io/v1", kind: "AdmissionReview", response: { uid, ...response } }
}

/** A JSON Patch that replaces the parts of an object that differ, whole. */
function replacement(before: Readonly<Record<string, unknown>>, after: AnyObject): object[] {
  const keys = new Set([...Object.keys(before), ...Object.keys(after)])
  return [...keys].flatMap((key): object[] => {
    if (JSON.stringify(before[key]) === JSON.stringify(after[key])) return []
    const path = `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`
    return key in after ? [{ op: "add", path, value: after[key] }] : [{ op: "remove", path }]
  })
}
