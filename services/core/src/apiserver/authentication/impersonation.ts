import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Decision } from "../authorization/authorize.ts"
import { refusalText } from "../authorization/authorize.ts"
import type { ResourceAction } from "../authorization/rule.ts"
import { authenticatedGroup, type UserInfo, unauthenticatedGroup } from "./user.ts"

const extraPrefix = "impersonate-extra-"

/**
 * `kubectl --as`: a request may ask to be taken for another's, if its sender has the verb `impersonate` on each part of
 * that other one. Returns the user to go on with.
 */
export function impersonated(
  user: UserInfo,
  headers: Headers,
  authorize: (user: UserInfo, action: ResourceAction) => Decision,
): UserInfo {
  const name = headers.get("impersonate-user")
  // A list header's values come joined by commas; group names of Kubernetes have none.
  const groups = (headers.get("impersonate-group") ?? "")
    .split(",")
    .map((group) => group.trim())
    .filter(Boolean)
  const uid = headers.get("impersonate-uid")
  const extra = extraOf(headers)
  if (name === null) {
    if (groups.length === 0 && uid === null && Object.keys(extra).length === 0) return user
    throw new StatusError("BadRequest", "requested impersonation of a group, uid or extra without impersonating a user")
  }
  for (const action of neededActions(name, groups, uid, extra)) {
    if (!authorize(user, action).allowed) throw refusal(user, action)
  }
  return {
    name,
    ...(uid !== null && { uid }),
    groups: withImpliedGroups(name, groups),
    ...(Object.keys(extra).length > 0 && { extra }),
  }
}

function extraOf(headers: Headers): Record<string, string[]> {
  const extra: Record<string, string[]> = {}
  for (const [header, value] of headers) {
    if (!header.startsWith(extraPrefix)) continue
    extra[decodeURIComponent(header.slice(extraPrefix.length))] = value.split(",").map((part) => part.trim())
  }
  return extra
}

function neededActions(
  name: string,
  groups: readonly string[],
  uid: string | null,
  extra: Readonly<Record<string, readonly string[]>>,
): ResourceAction[] {
  const action = { kind: "resource", verb: "impersonate", group: "", subresource: "", namespace: "" } as const
  const authentication = { ...action, group: "authentication.k8s.io" }
  const [, , namespace, account] = name.startsWith("system:serviceaccount:") ? name.split(":") : []
  return [
    namespace !== undefined && account !== undefined
      ? { ...action, resource: "serviceaccounts", namespace, name: account }
      : { ...action, resource: "users", name },
    ...groups.map((group) => ({ ...action, resource: "groups", name: group })),
    ...(uid === null ? [] : [{ ...authentication, resource: "uids", name: uid }]),
    ...Object.entries(extra).flatMap(([key, values]) =>
      values.map((value) => ({ ...authentication, resource: "userextras", subresource: key, name: value })),
    ),
  ]
}

/** Who is somebody is in the group of those, unless they are taken for nobody. */
function withImpliedGroups(name: string, groups: readonly string[]): string[] {
  const [, , namespace, account] = name.startsWith("system:serviceaccount:") ? name.split(":") : []
  const own = account === undefined ? [] : ["system:serviceaccounts", `system:serviceaccounts:${namespace}`]
  const all = groups.length > 0 ? [...groups] : own
  const implied = name === "system:anonymous" ? unauthenticatedGroup : authenticatedGroup
  return all.includes(implied) || all.includes(unauthenticatedGroup) ? all : [...all, implied]
}

function refusal(user: UserInfo, action: ResourceAction): StatusError {
  const { resource, name, group } = action
  const message = `${resource} "${name}" is forbidden: ${refusalText(user, action)}`
  return new StatusError("Forbidden", message, { name, kind: resource, ...(group !== "" && { group }) })
}
