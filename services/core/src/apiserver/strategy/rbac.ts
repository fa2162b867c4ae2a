import type { AnyObject } from "@wick/sdk/api/kind"
import type { FieldError } from "@wick/sdk/api/meta/field-error"
import type { PolicyRule } from "../authorization/rule.ts"
import { jsonEqual } from "../patch/json-value.ts"
import type { Strategy } from "./strategy.ts"

const group = "rbac.authorization.k8s.io"

export const roles: Strategy = { validate: (object) => ruleMistakes(object, true) }
export const clusterRoles: Strategy = { validate: (object) => ruleMistakes(object, false) }
export const roleBindings: Strategy = bindingStrategy(["Role", "ClusterRole"], true)
export const clusterRoleBindings: Strategy = bindingStrategy(["ClusterRole"], false)

function ruleMistakes(object: AnyObject, namespaced: boolean): FieldError[] {
  const rules = (object.rules ?? []) as PolicyRule[]
  return rules.flatMap((rule, index) => mistakesOfRule(rule, `rules[${index}]`, namespaced))
}

function mistakesOfRule(rule: PolicyRule, at: string, namespaced: boolean): FieldError[] {
  const { verbs = [], apiGroups = [], resources = [], resourceNames = [], nonResourceURLs = [] } = rule
  const mistakes: FieldError[] = []
  if (verbs.length === 0) mistakes.push(required(`${at}.verbs`, "verbs must contain at least one value"))
  if (nonResourceURLs.length > 0) {
    const invalid = (detail: string): number =>
      mistakes.push({ type: "Invalid", field: `${at}.nonResourceURLs`, value: nonResourceURLs, detail })
    if (namespaced) invalid("namespaced rules cannot apply to non-resource URLs")
    const both = apiGroups.length + resources.length + resourceNames.length > 0
    if (both) invalid("rules cannot apply to both regular resources and non-resource URLs")
    return mistakes
  }
  if (apiGroups.length === 0)
    mistakes.push(required(`${at}.apiGroups`, "resource rules must supply at least one api group"))
  if (resources.length === 0)
    mistakes.push(required(`${at}.resources`, "resource rules must supply at least one resource"))
  return mistakes
}

interface BoundSubject {
  apiGroup?: string
  kind: string
  name: string
  namespace?: string
}

interface Writable {
  roleRef: { apiGroup?: string; kind: string; name: string }
  subjects?: BoundSubject[]
}

function bindingStrategy(roleKinds: readonly string[], namespaced: boolean): Strategy {
  return {
    prepareCreate: (object) => fillGroups(object as unknown as Writable),
    prepareUpdate: (object) => fillGroups(object as unknown as Writable),
    validate: (object, old) => {
      const { roleRef, subjects = [] } = object as unknown as Writable
      return [
        ...mistakesOfRoleRef(roleRef, roleKinds),
        ...subjects.flatMap((subject, index) => mistakesOfSubject(subject, `subjects[${index}]`, namespaced)),
        // Else who may change subjects could change the role too, and with it what the binding was reviewed for.
        ...(old !== undefined && !jsonEqual(old.roleRef, roleRef)
          ? [{ type: "Invalid", field: "roleRef", value: roleRef, detail: "cannot change roleRef" } as const]
          : []),
      ]
    },
  }
}

/** Users and groups are of RBAC's own group, service accounts of the core one: one need not say so. */
function fillGroups({ subjects = [] }: Writable): void {
  for (const subject of subjects) {
    if (!subject.apiGroup && (subject.kind === "User" || subject.kind === "Group")) subject.apiGroup = group
  }
}

function mistakesOfRoleRef({ apiGroup, kind, name }: Writable["roleRef"], kinds: readonly string[]): FieldError[] {
  return [
    ...(apiGroup === group ? [] : [notSupported("roleRef.apiGroup", apiGroup, [group])]),
    ...(kinds.includes(kind) ? [] : [notSupported("roleRef.kind", kind, kinds)]),
    ...(name ? [] : [required("roleRef.name", "")]),
  ]
}

function mistakesOfSubject(
  { apiGroup = "", kind, name, namespace }: BoundSubject,
  at: string,
  namespaced: boolean,
): FieldError[] {
  const mistakes = name ? [] : [required(`${at}.name`, "")]
  switch (kind) {
    case "ServiceAccount":
      if (!namespace && !namespaced) mistakes.push(required(`${at}.namespace`, ""))
      return apiGroup === "" ? mistakes : [...mistakes, notSupported(`${at}.apiGroup`, apiGroup, [""])]
    case "User":
    case "Group":
      return apiGroup === group ? mistakes : [...mistakes, notSupported(`${at}.apiGroup`, apiGroup, [group])]
    default:
      return [...mistakes, notSupported(`${at}.kind`, kind, ["ServiceAccount", "User", "Group"])]
  }
}

function required(field: string, detail: string): FieldError {
  return { type: "Required", field, detail }
}

function notSupported(field: string, value: unknown, supported: readonly string[]): FieldError {
  const listed = supported.map((each) => JSON.stringify(each)).join(", ")
  return { type: "NotSupported", field, value, detail: `supported values: ${listed}` }
}
