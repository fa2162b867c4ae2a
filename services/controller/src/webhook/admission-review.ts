import type { AnyObject } from "@wick/sdk/api/kind"
import { errorText, type FieldError, merged } from "@wick/sdk/api/serving/field-error"

/** One request of an `admission.k8s.io/v1` AdmissionReview, as far as serving looks at it. */
export interface ReviewRequest {
  readonly uid: string
  readonly operation: "CREATE" | "UPDATE" | "DELETE" | "CONNECT"
  readonly kind: { readonly group: string; readonly version: string; readonly kind: string }
  readonly object: AnyObject | undefined
  readonly oldObject: AnyObject | undefined
  readonly username: string
  /** Nothing will be stored: somebody wants to know what would be. */
  readonly dryRun: boolean
}

interface AdmissionReview {
  request?: {
    uid?: string
    operation?: string
    kind?: { group: string; version: string; kind: string }
    object?: AnyObject | null
    oldObject?: AnyObject | null
    userInfo?: { username?: string }
    dryRun?: boolean
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
    dryRun: request.dryRun ?? false,
  }
}

/** Yes, with the object changed to `after`. */
export function allow(request: ReviewRequest, after?: AnyObject): object {
  const changed = after !== undefined && JSON.stringify(after) !== JSON.stringify(request.object)
  const patch = changed ? replacement(request.object ?? {}, after) : undefined
  return answer(request, {
    allowed: true,
    ...(patch && { patchType: "JSONPatch", patch: Buffer.from(JSON.stringify(patch)).toString("base64") }),
  })
}

/** Yes when there is nothing but warnings, else no with every mistake. */
export function judge(request: ReviewRequest, errors: readonly FieldError[]): object {
  const mistakes = errors.filter(({ level }) => level !== "warning")
  const warnings = merged(errors.filter(({ level }) => level === "warning"))
  // A warning travels in a header, so it is one line.
  const told = warnings.length > 0 && { warnings: warnings.map((each) => errorText([each]).replaceAll("\n", ": ")) }
  if (mistakes.length === 0) return answer(request, { allowed: true, ...told })
  return answer(request, { ...refusal(`validation failed: ${errorText(mistakes)}`, causes(mistakes)), ...told })
}

/** No, for a reason that is no field's. */
export function deny(request: ReviewRequest, message: string): object {
  return answer(request, refusal(message))
}

function causes(mistakes: readonly FieldError[]): object[] {
  return merged(mistakes).flatMap(({ message, paths }) =>
    (paths.length > 0 ? paths : [""]).map((field) => ({ reason: "FieldValueInvalid", message, field })),
  )
}

function refusal(message: string, causes?: readonly object[]): object {
  const status = { status: "Failure", reason: "BadRequest", code: 400, message, ...(causes && { details: { causes } }) }
  return { allowed: false, status }
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
