import type { Pod } from "@wick/sdk/api/core/pod"
import { isInScope } from "@wick/sdk/api/core/quota-scope"
import { type CountedResource, type Usage, usageOf } from "@wick/sdk/api/core/quota-usage"
import type { ResourceQuota } from "@wick/sdk/api/core/resource-quota"
import type { ResourceRequirements } from "@wick/sdk/api/core/resources"
import type { AnyObject } from "@wick/sdk/api/kind"
import { canonicalQuantity, formatQuantity, parseQuantity } from "@wick/sdk/api/meta/quantity"

/** A write, as a quota sees it. */
export interface Counted {
  readonly resource: CountedResource
  readonly object: AnyObject
  readonly oldObject: AnyObject | undefined
}

/** `charged` is the quota as it is to be stored; `untouched`: the write is none of its business; else why not. */
export type Judgement =
  | { readonly kind: "untouched" }
  | { readonly kind: "charged"; readonly quota: ResourceQuota }
  | { readonly kind: "refused"; readonly why: string }

const untouched: Judgement = { kind: "untouched" }

/** Pure: what a write does to a quota. */
export function charge(quota: ResourceQuota, { resource, object, oldObject }: Counted): Judgement {
  const { name } = quota.metadata
  const hard = quota.status?.hard ?? quota.spec?.hard ?? {}
  const usage = usageOf(resource, object)
  const names = Object.keys(hard).filter((bound) => usage.has(bound) || mustBeSpecified(resource, bound))
  if (names.length === 0 || !isInScope(quota, resource.plural, object)) return untouched
  const missing =
    oldObject === undefined && resource.plural === "pods" ? unspecified(object as unknown as Pod, names) : ""
  if (missing !== "") return { kind: "refused", why: `failed quota: ${name}: must specify ${missing}` }
  // What was not in the quota's scope before comes into it whole.
  const before = oldObject && isInScope(quota, resource.plural, oldObject) ? usageOf(resource, oldObject) : undefined
  const grown = grownBy(usage, before, names)
  if (grown.size === 0) return untouched
  const unknown = [...grown.keys()].filter((each) => quota.status?.used?.[each] === undefined)
  if (unknown.length > 0) {
    return { kind: "refused", why: `status unknown for quota: ${name}, resources: ${unknown.sort().join(",")}` }
  }
  return settled(quota, grown)
}

/** What is asked for beyond what was had before. */
function grownBy(usage: Usage, before: Usage | undefined, names: readonly string[]): Usage {
  const grown: Usage = new Map()
  for (const name of names) {
    const asked = usage.get(name)
    if (asked === undefined) continue
    const nanos = asked.nanos - (before?.get(name)?.nanos ?? 0n)
    if (nanos > 0n) grown.set(name, { nanos, format: asked.format })
  }
  return grown
}

function settled(quota: ResourceQuota, grown: Usage): Judgement {
  const { hard = {}, used = {} } = quota.status ?? {}
  const next: Record<string, string> = {}
  const exceeded: string[] = []
  for (const [name, { nanos, format }] of grown) {
    const total = parseQuantity(used[name] ?? 0) + nanos
    next[name] = formatQuantity(total, format)
    if (total > parseQuantity(hard[name] ?? 0)) exceeded.push(name)
  }
  if (exceeded.length === 0) {
    return { kind: "charged", quota: { ...quota, status: { ...quota.status, used: { ...used, ...next } } } }
  }
  const list = (textOf: (name: string) => string): string =>
    exceeded
      .sort()
      .map((name) => `${name}=${textOf(name)}`)
      .join(",")
  const requested = list((name) => formatQuantity(grown.get(name)?.nanos ?? 0n, grown.get(name)?.format))
  const had = list((name) => canonicalQuantity(used[name] ?? 0))
  const limited = list((name) => canonicalQuantity(hard[name] ?? 0))
  const why = `exceeded quota: ${quota.metadata.name}, requested: ${requested}, used: ${had}, limited: ${limited}`
  return { kind: "refused", why }
}

/** A quota on one of these counts only if every container says how much it takes: so each must. */
const mustSay = ["cpu", "memory", "requests.cpu", "requests.memory", "limits.cpu", "limits.memory"]

function mustBeSpecified({ group, plural }: CountedResource, name: string): boolean {
  return group === "" && plural === "pods" && mustSay.includes(name)
}

/** `limits.cpu for: web; requests.memory for: sidecar,web` */
function unspecified(pod: Pod, names: readonly string[]): string {
  // What the pod as a whole may take is said already.
  if (pod.spec.resources !== undefined) return ""
  const containers = [...pod.spec.containers, ...(pod.spec.initContainers ?? [])]
  return names
    .filter((name) => mustSay.includes(name))
    .sort()
    .flatMap((name) => {
      const silent = containers
        .filter(({ resources }) => !says(resources ?? {}, name))
        .map((container) => container.name)
      return silent.length === 0 ? [] : `${name} for: ${silent.sort().join(",")}`
    })
    .join("; ")
}

function says({ requests, limits }: ResourceRequirements, name: string): boolean {
  const [which, resource] = name.includes(".") ? name.split(".") : ["requests", name]
  return (which === "limits" ? limits : requests)?.[resource ?? ""] !== undefined
}
