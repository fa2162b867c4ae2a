/** A rule of a Role or ClusterRole: verbs on resources, or verbs on paths that are no resources. */
export interface PolicyRule {
  readonly verbs: readonly string[]
  readonly apiGroups?: readonly string[] | undefined
  readonly resources?: readonly string[] | undefined
  /** Empty: all names. */
  readonly resourceNames?: readonly string[] | undefined
  readonly nonResourceURLs?: readonly string[] | undefined
}

/** What somebody wants to do. */
export type Action = ResourceAction | PathAction

export interface ResourceAction {
  readonly kind: "resource"
  readonly verb: string
  readonly group: string
  readonly resource: string
  /** "" is the resource itself. */
  readonly subresource: string
  /** "" is all namespaces, or a resource without one. */
  readonly namespace: string
  /** "" where no one object is meant: list, watch, create, deletecollection. */
  readonly name: string
}

export interface PathAction {
  readonly kind: "path"
  readonly verb: string
  readonly path: string
}

/**
 * Whether one rule allows an action. Rules only ever add; there is no rule that takes away.
 *
 *     resources: ["pods"]       pods, not their logs
 *     resources: ["pods/log"]   logs, not the pods
 *     resources: ["* /scale"]   (without the blank) the scale of anything
 *     resources: ["*"]          everything, subresources too
 */
export function ruleAllows(rule: PolicyRule, action: Action): boolean {
  if (!matches(rule.verbs, action.verb)) return false
  if (action.kind === "path") return pathAllowed(rule.nonResourceURLs ?? [], action.path)
  return (
    matches(rule.apiGroups ?? [], action.group) &&
    resourceAllowed(rule.resources ?? [], action) &&
    nameAllowed(rule.resourceNames ?? [], action.name)
  )
}

function matches(allowed: readonly string[], value: string): boolean {
  return allowed.includes("*") || allowed.includes(value)
}

function resourceAllowed(resources: readonly string[], { resource, subresource }: ResourceAction): boolean {
  if (resources.includes("*")) return true
  if (subresource === "") return resources.includes(resource)
  return resources.includes(`${resource}/${subresource}`) || resources.includes(`*/${subresource}`)
}

/** A rule for some names says nothing about requests that name none: else `list` would give away the others. */
function nameAllowed(names: readonly string[], name: string): boolean {
  return names.length === 0 || names.includes(name)
}

function pathAllowed(paths: readonly string[], path: string): boolean {
  return paths.some((allowed) => (allowed.endsWith("*") ? path.startsWith(allowed.slice(0, -1)) : allowed === path))
}
