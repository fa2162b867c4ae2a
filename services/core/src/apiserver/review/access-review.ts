import type { AnyObject } from "@wick/sdk/api/kind"
import { describeFieldError } from "@wick/sdk/api/meta/field-error"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Requester } from "../authorization/authorize.ts"
import type { Authorizer } from "../authorization/authorizer.ts"
import type { Action } from "../authorization/rule.ts"
import type { VirtualRequest, VirtualResource } from "../virtual-resource.ts"

interface ReviewSpec {
  readonly resourceAttributes?: {
    readonly namespace?: string
    readonly verb?: string
    readonly group?: string
    readonly resource?: string
    readonly subresource?: string
    readonly name?: string
  } | null
  readonly nonResourceAttributes?: { readonly path?: string; readonly verb?: string } | null
  readonly user?: string
  readonly groups?: readonly string[]
  readonly namespace?: string
}

const base = { group: "authorization.k8s.io", version: "v1", subresource: "" } as const

/** "May I?", "may they?", "what may I?" */
export function accessReviews(authorizer: Authorizer): VirtualResource[] {
  const answer = ({ object }: VirtualRequest, who: Requester): object => {
    const spec = (object.spec ?? {}) as ReviewSpec
    const { allowed, reason } = authorizer.authorize(who, actionOf(spec, object))
    return { ...object, status: { allowed, ...(reason !== "" && { reason }) } }
  }
  return [
    {
      ...base,
      resource: "selfsubjectaccessreviews",
      kind: "SelfSubjectAccessReview",
      namespaced: false,
      create: async (request) => answer(request, request.user),
    },
    {
      ...base,
      resource: "subjectaccessreviews",
      kind: "SubjectAccessReview",
      namespaced: false,
      create: async (request) => answer(request, subjectOf(request.object)),
    },
    {
      ...base,
      resource: "localsubjectaccessreviews",
      kind: "LocalSubjectAccessReview",
      namespaced: true,
      create: async (request) => answer(inNamespace(request), subjectOf(request.object)),
    },
    {
      ...base,
      resource: "selfsubjectrulesreviews",
      kind: "SelfSubjectRulesReview",
      namespaced: false,
      create: async ({ object, user }) => ({ ...object, status: rulesOf(authorizer, user, object) }),
    },
  ]
}

function actionOf({ resourceAttributes, nonResourceAttributes }: ReviewSpec, object: AnyObject): Action {
  if (!resourceAttributes === !nonResourceAttributes) {
    throw invalid(
      object,
      "spec.resourceAttributes",
      "exactly one of nonResourceAttributes or resourceAttributes must be specified",
    )
  }
  if (nonResourceAttributes) {
    const { path = "", verb = "" } = nonResourceAttributes
    return { kind: "path", path, verb }
  }
  const { namespace = "", verb = "", group = "", resource = "", subresource = "", name = "" } = resourceAttributes ?? {}
  return { kind: "resource", verb, group, resource, subresource, namespace, name }
}

function subjectOf(object: AnyObject): Requester {
  const { user = "", groups = [] } = (object.spec ?? {}) as ReviewSpec
  if (user === "" && groups.length === 0)
    throw invalid(object, "spec.user", "at least one of user or group must be specified")
  return { name: user, groups }
}

/** A review in a namespace is about that namespace, and cannot ask about another. */
function inNamespace(request: VirtualRequest): VirtualRequest {
  const { resourceAttributes } = (request.object.spec ?? {}) as ReviewSpec
  if (resourceAttributes?.namespace === request.namespace) return request
  const detail = "must match metadata.namespace"
  throw invalid(request.object, "spec.resourceAttributes.namespace", detail, resourceAttributes?.namespace ?? "")
}

function rulesOf(authorizer: Authorizer, user: Requester, object: AnyObject): object {
  const { namespace = "" } = (object.spec ?? {}) as ReviewSpec
  if (namespace === "") throw invalid(object, "spec.namespace", "must be specified")
  const rules = [...authorizer.policy().rulesOf(user, namespace)].map((granted) => granted.rule)
  return {
    resourceRules: rules
      .filter((rule) => rule.resources?.length)
      .map(({ verbs, apiGroups, resources, resourceNames }) => ({
        verbs,
        apiGroups,
        resources,
        ...(resourceNames?.length && { resourceNames }),
      })),
    nonResourceRules: rules
      .filter((rule) => rule.nonResourceURLs?.length)
      .map(({ verbs, nonResourceURLs }) => ({ verbs, nonResourceURLs })),
    incomplete: false,
  }
}

function invalid({ kind, metadata }: AnyObject, field: string, detail: string, value: unknown = null): StatusError {
  const error = { type: "Invalid", field, value, detail } as const
  const name = metadata?.name ?? ""
  return new StatusError("Invalid", `${kind}.${base.group} "${name}" is invalid: ${describeFieldError(error)}`, {
    name,
    group: base.group,
    kind,
    causes: [{ reason: "FieldValueInvalid", message: detail, field }],
  })
}
