import { type Status, StatusError } from "@wick/sdk/api/meta/status-error"
import type { AdmissionAttributes, ResourceName } from "../step.ts"

/** The question that is posted to a webhook. */
export function reviewOf(attributes: AdmissionAttributes, uid: string): object {
  const { operation, subresource, namespace, name, object, oldObject, user, dryRun } = attributes
  const { requested = attributes } = attributes
  return {
    apiVersion: "admission.k8s.io/v1",
    kind: "AdmissionReview",
    request: {
      uid,
      kind: kindOf(attributes),
      resource: resourceOf(attributes),
      ...(subresource !== "" && { subResource: subresource, requestSubResource: subresource }),
      requestKind: kindOf(requested),
      requestResource: resourceOf(requested),
      name,
      ...(namespace !== "" && { namespace }),
      operation,
      userInfo: {
        username: user.name,
        ...(user.uid !== undefined && { uid: user.uid }),
        groups: user.groups,
        ...(user.extra && { extra: user.extra }),
      },
      object: object ?? null,
      oldObject: oldObject ?? null,
      dryRun,
      options: null,
    },
  }
}

export function kindOf({ group, version, kind }: ResourceName): object {
  return { group, version, kind }
}

export function resourceOf({ group, version, resource }: ResourceName): object {
  return { group, version, resource }
}

/** What a webhook said. */
export interface Verdict {
  readonly allowed: boolean
  readonly status: Partial<Status> | undefined
  /** Operations of a JSON patch; empty for none. */
  readonly patch: readonly unknown[]
  readonly warnings: readonly string[]
  /** What it notes in the record of the request. */
  readonly annotations: Readonly<Record<string, string>>
}

/** An answer that is none: the webhook's fault, treated as if it had not answered. */
export class MalformedAnswerError extends Error {
  override name = "MalformedAnswerError"
}

export function readAnswer(answer: unknown, uid: string): Verdict {
  const { apiVersion, kind, response } = (answer ?? {}) as { apiVersion?: unknown; kind?: unknown; response?: Answer }
  if (kind !== "AdmissionReview" || apiVersion !== "admission.k8s.io/v1") {
    throw new MalformedAnswerError(
      `expected webhook response of admission.k8s.io/v1, Kind=AdmissionReview, got ${apiVersion}, Kind=${kind}`,
    )
  }
  if (response === undefined) throw new MalformedAnswerError("webhook response was absent")
  if (response.uid !== uid)
    throw new MalformedAnswerError(`expected response.uid=${JSON.stringify(uid)}, got ${JSON.stringify(response.uid)}`)
  return {
    allowed: response.allowed === true,
    status: response.status,
    patch: readPatch(response),
    warnings: response.warnings ?? [],
    annotations: response.auditAnnotations ?? {},
  }
}

interface Answer {
  uid?: string
  allowed?: boolean
  status?: Partial<Status>
  patch?: string
  patchType?: string
  warnings?: string[]
  auditAnnotations?: Record<string, string>
}

function readPatch({ patch, patchType }: Answer): unknown[] {
  if (patch === undefined || patch === "") return []
  if (patchType !== "JSONPatch")
    throw new MalformedAnswerError(`patchType ${JSON.stringify(patchType)} is not JSONPatch`)
  try {
    const operations: unknown = JSON.parse(Buffer.from(patch, "base64").toString("utf8"))
    if (Array.isArray(operations)) return operations
  } catch {
    // Said below, in the same words as for JSON that is no list.
  }
  throw new MalformedAnswerError("the patch is not a list of JSON patch operations in base64")
}

/** A webhook's no, with its own words and code if it gave any. */
export function denial(webhook: string, status: Partial<Status> | undefined): StatusError {
  const denied = `admission webhook "${webhook}" denied the request`
  const why = status?.message || status?.reason
  const message = why ? `${denied}: ${why}` : `${denied} without explanation`
  // A no must not look like a yes, whatever the webhook put there.
  const code = status?.code !== undefined && status.code >= 400 ? status.code : 400
  return StatusError.from({ ...status, message, code, status: "Failure" }, code)
}
