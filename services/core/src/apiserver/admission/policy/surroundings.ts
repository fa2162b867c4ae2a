import {
  type AskAuthorizer,
  authorizer,
  dyn,
  fromJson,
  type MapValue,
  mapOf,
  resourceCheck,
  type Type,
  type Value,
} from "@wick/sdk/api/cel"
import type { AnyObject } from "@wick/sdk/api/kind"
import type { UserInfo } from "../../authentication/user.ts"
import type { Decision } from "../../authorization/authorize.ts"
import type { Action } from "../../authorization/rule.ts"
import type { AdmissionAttributes } from "../step.ts"
import { kindOf, resourceOf } from "../webhook/review.ts"

export type Authorize = (user: UserInfo, action: Action) => Decision

const text: Type = { kind: "string" }
const message = (name: string, fields: Readonly<Record<string, Type>>): Type => ({
  kind: "object",
  name,
  fields: new Map(Object.entries(fields)),
})
const ofKind = message("GroupVersionKind", { group: text, version: text, kind: text })
const ofResource = message("GroupVersionResource", { group: text, version: text, resource: text })
const list = (element: Type): Type => ({ kind: "list", element })

const requestType = message("kubernetes.AdmissionRequest", {
  kind: ofKind,
  resource: ofResource,
  subResource: text,
  requestKind: ofKind,
  requestResource: ofResource,
  requestSubResource: text,
  name: text,
  // Spoken of by its own name, though it is reserved.
  namespace: text,
  __namespace__: text,
  operation: text,
  userInfo: message("kubernetes.UserInfo", {
    username: text,
    uid: text,
    groups: list(text),
    extra: mapOf(text, list(text)),
  }),
  dryRun: { kind: "bool" },
  options: dyn,
})

/** The variables that conditions of webhooks and policies have in common. */
export const requestVariables: ReadonlyMap<string, Type> = new Map<string, Type>([
  ["object", dyn],
  ["oldObject", dyn],
  ["request", requestType],
  ["authorizer", { kind: "opaque", name: "kubernetes.authorization.Authorizer" }],
  ["authorizer.requestResource", { kind: "opaque", name: "kubernetes.authorization.ResourceCheck" }],
])

/** The values of those variables for one write. */
export function requestValues(attributes: AdmissionAttributes, authorize: Authorize): ReadonlyMap<string, () => Value> {
  const { object, oldObject, subresource, namespace, name } = attributes
  const { group, resource } = attributes.requested ?? attributes
  const ask = askAs(attributes.user, authorize)
  return new Map<string, () => Value>([
    ["object", remembered(() => fromJson(object, dyn))],
    ["oldObject", remembered(() => fromJson(oldObject, dyn))],
    ["request", remembered(() => fromJson(requestOf(attributes), requestType))],
    ["authorizer", () => authorizer(ask)],
    ["authorizer.requestResource", () => resourceCheck(ask, { group, resource, subresource, namespace, name })],
  ])
}

/** A value that is made when it is first asked for. */
export function remembered(make: () => Value): () => Value {
  let made: { readonly value: Value } | undefined
  return () => {
    made ??= { value: make() }
    return made.value
  }
}

function requestOf(attributes: AdmissionAttributes): object {
  const { operation, subresource, namespace, name, user, dryRun } = attributes
  const { requested = attributes } = attributes
  return {
    kind: kindOf(attributes),
    resource: resourceOf(attributes),
    requestKind: kindOf(requested),
    requestResource: resourceOf(requested),
    subResource: subresource,
    requestSubResource: subresource,
    name,
    namespace,
    operation,
    userInfo: { username: user.name, uid: user.uid ?? "", groups: user.groups, extra: user.extra ?? {} },
    dryRun,
    options: null,
  }
}

function askAs(user: UserInfo, authorize: Authorize): AskAuthorizer {
  return (question) => {
    if (question.kind === "path") return authorize(user, question)
    const { serviceAccount, ...action } = question
    return authorize(serviceAccount ? accountOf(serviceAccount) : user, action)
  }
}

function accountOf({ namespace, name }: { readonly namespace: string; readonly name: string }): UserInfo {
  const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"]
  return { name: `system:serviceaccount:${namespace}:${name}`, groups }
}

/** The policy's own variables as `variables`: each is evaluated when first read, and once. */
export class LazyVariables implements MapValue {
  readonly isMap = true
  readonly type = "kubernetes.variables"
  readonly #values: ReadonlyMap<string, () => Value>

  constructor(values: ReadonlyMap<string, () => Value>) {
    this.#values = values
  }

  get size(): number {
    return this.#values.size
  }

  get(key: Value): Value | undefined {
    return typeof key === "string" ? this.#values.get(key)?.() : undefined
  }

  keys(): Iterable<Value> {
    return this.#values.keys()
  }
}

/** What a policy sees of the namespace that an object is in. */
export function namespaceValue(namespace: AnyObject | undefined): Value {
  return namespace ? fromJson(namespace, dyn) : null
}
