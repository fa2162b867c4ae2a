import type { FlowSchema } from "@wick/sdk/api/flowcontrol/flow-schema"
import type { UserInfo } from "../authentication/user.ts"
import type { Action, PathAction, ResourceAction } from "../authorization/rule.ts"

type Rules = NonNullable<NonNullable<FlowSchema["spec"]>["rules"]>[number]
type Subject = Rules["subjects"][number]
type ResourceRule = NonNullable<Rules["resourceRules"]>[number]
type PathRule = NonNullable<Rules["nonResourceRules"]>[number]

export type Matches = (user: UserInfo, action: Action) => boolean

/**
 * Pure: whether a request is of a FlowSchema. It is when one of its rules names who asks and what is asked for. Every request
 * is put through this, so what can be looked at once is looked at here and not again.
 */
export function matcherOf({ spec }: FlowSchema): Matches {
  const rules = (spec?.rules ?? []).map(ruleOf)
  return (user, action) => {
    for (const rule of rules) if (rule(user, action)) return true
    return false
  }
}

function ruleOf({ subjects, resourceRules = [], nonResourceRules = [] }: Rules): Matches {
  const who = subjects.map(subjectOf)
  const resources = resourceRules.map(resourceRuleOf)
  const paths = nonResourceRules.map(pathRuleOf)
  return (user, action) => {
    if (!isAny(who, user)) return false
    return action.kind === "resource" ? isAny(resources, action) : isAny(paths, action)
  }
}

function isAny<Asked>(tests: readonly ((asked: Asked) => boolean)[], asked: Asked): boolean {
  for (const test of tests) if (test(asked)) return true
  return false
}

const accountPrefix = "system:serviceaccount:"

function subjectOf({ kind, user, group, serviceAccount }: Subject): (user: UserInfo) => boolean {
  if (kind === "User" && user) return user.name === "*" ? () => true : ({ name }) => name === user.name
  if (kind === "Group" && group) return group.name === "*" ? () => true : ({ groups }) => groups.includes(group.name)
  if (kind !== "ServiceAccount" || !serviceAccount) return () => false
  const prefix = `${accountPrefix}${serviceAccount.namespace}:`
  if (serviceAccount.name === "*") return ({ name }) => name.startsWith(prefix)
  const whole = prefix + serviceAccount.name
  return ({ name }) => name === whole
}

type Names = (name: string) => boolean

function oneOf(names: readonly string[]): Names {
  return names.includes("*") ? () => true : (name) => names.includes(name)
}

function resourceRuleOf(rule: ResourceRule): (action: ResourceAction) => boolean {
  const verb = oneOf(rule.verbs)
  const group = oneOf(rule.apiGroups)
  const resource = oneOf(rule.resources)
  const namespace = oneOf(rule.namespaces ?? [])
  return (action) =>
    verb(action.verb) &&
    group(action.group) &&
    resource(action.subresource === "" ? action.resource : `${action.resource}/${action.subresource}`) &&
    (action.namespace === "" ? rule.clusterScope === true : namespace(action.namespace))
}

function pathRuleOf({ verbs, nonResourceURLs }: PathRule): (action: PathAction) => boolean {
  const verb = oneOf(verbs)
  const whole = oneOf(nonResourceURLs)
  const prefixes = nonResourceURLs.filter((path) => path.endsWith("/*")).map((path) => path.slice(0, -1))
  return (action) =>
    verb(action.verb) && (whole(action.path) || prefixes.some((prefix) => action.path.startsWith(prefix)))
}
