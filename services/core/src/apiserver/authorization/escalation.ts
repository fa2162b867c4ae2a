import type { PolicyRule } from "./rule.ts"

/**
 * Which of `wanted` goes beyond `owned`: nobody may give others, or themselves, a right that they do not have. Each
 * rule is taken apart to single rights (one verb, group, resource and name), and each of these has to be within one
 * owned rule. The result is as short as can be told apart: one entry per right, in order.
 */
export function rightsBeyond(owned: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  return wanted.flatMap(singleRights).filter((right) => !owned.some((rule) => covers(rule, right)))
}

function singleRights(rule: PolicyRule): PolicyRule[] {
  const ofResources = rule.verbs.flatMap((verb) =>
    (rule.apiGroups ?? []).flatMap((group) =>
      (rule.resources ?? []).flatMap((resource) => {
        const right = { verbs: [verb], apiGroups: [group], resources: [resource] }
        const names = rule.resourceNames ?? []
        return names.length === 0 ? [right] : names.map((name) => ({ ...right, resourceNames: [name] }))
      }),
    ),
  )
  const ofPaths = rule.verbs.flatMap((verb) =>
    (rule.nonResourceURLs ?? []).map((path) => ({ verbs: [verb], nonResourceURLs: [path] })),
  )
  return [...ofResources, ...ofPaths]
}

/** `right` is single, and may itself be a wildcard: then only a wildcard covers it. */
function covers(rule: PolicyRule, right: PolicyRule): boolean {
  const [verb = ""] = right.verbs
  if (!rule.verbs.includes("*") && !rule.verbs.includes(verb)) return false
  const path = right.nonResourceURLs?.[0]
  if (path !== undefined) return (rule.nonResourceURLs ?? []).some((owned) => pathCovers(owned, path))
  const [group = ""] = right.apiGroups ?? []
  const [resource = ""] = right.resources ?? []
  const names = rule.resourceNames ?? []
  const [name] = right.resourceNames ?? []
  return (
    within(rule.apiGroups ?? [], group) &&
    resourceCovers(rule.resources ?? [], resource) &&
    (names.length === 0 || (name !== undefined && names.includes(name)))
  )
}

function within(allowed: readonly string[], value: string): boolean {
  return allowed.includes("*") || allowed.includes(value)
}

function resourceCovers(owned: readonly string[], resource: string): boolean {
  if (within(owned, resource)) return true
  const slash = resource.indexOf("/")
  return slash >= 0 && owned.includes(`*${resource.slice(slash)}`)
}

function pathCovers(owned: string, path: string): boolean {
  if (owned === path) return true
  return owned.endsWith("*") && path.startsWith(owned.slice(0, -1))
}

/** As Kubernetes lists missing rights: `{APIGroups:[""], Resources:["secrets"], Verbs:["get"]}`, one per line. */
export function describeRights(rights: readonly PolicyRule[]): string {
  return compact(rights)
    .map((right) => {
      const parts = [
        ...list("APIGroups", right.apiGroups),
        ...list("Resources", right.resources),
        ...list("ResourceNames", right.resourceNames),
        ...list("NonResourceURLs", right.nonResourceURLs),
        ...list("Verbs", right.verbs),
      ]
      return `{${parts.join(", ")}}`
    })
    .join("\n")
}

function list(label: string, values: readonly string[] | undefined): string[] {
  return values && values.length > 0 ? [`${label}:[${values.map((value) => JSON.stringify(value)).join(" ")}]`] : []
}

/** Rights that differ only in their verb, as one. */
function compact(rights: readonly PolicyRule[]): PolicyRule[] {
  const verbs = new Map<string, { right: PolicyRule; verbs: string[] }>()
  for (const right of rights) {
    const { verbs: own, ...rest } = right
    const key = JSON.stringify(rest)
    const entry = verbs.get(key) ?? { right, verbs: [] }
    entry.verbs.push(...own)
    verbs.set(key, entry)
  }
  return [...verbs.values()].map((entry) => ({ ...entry.right, verbs: entry.verbs }))
}
