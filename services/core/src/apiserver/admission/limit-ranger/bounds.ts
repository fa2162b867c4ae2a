import type { LimitRange, LimitRangeItem } from "@wick/sdk/api/core/limit-range"
import type { Pod } from "@wick/sdk/api/core/pod"
import { type Amounts, podAmounts } from "@wick/sdk/api/core/pod-resources"
import type { ResourceList } from "@wick/sdk/api/core/resources"
import { canonicalQuantity, formatQuantity, parseQuantity, type Quantity } from "@wick/sdk/api/meta/quantity"

interface Asked {
  readonly requests: ResourceList
  readonly limits: ResourceList
}

/** Pure: every bound that a pod breaks, in words. */
export function podMistakes(pod: Pod, { spec }: LimitRange): string[] {
  return (spec?.limits ?? []).flatMap((item) => {
    if (item.type === "Container") {
      const containers = [...(pod.spec.initContainers ?? []), ...pod.spec.containers]
      return containers.flatMap(({ resources }) => mistakes(item, askedOf(resources ?? {})))
    }
    if (item.type !== "Pod") return []
    return mistakes(item, { requests: listOf(podAmounts(pod, "requests")), limits: listOf(podAmounts(pod, "limits")) })
  })
}

/** Pure: every bound that a claim breaks. A claim has no limit, only what it asks for. */
export function claimMistakes(requests: ResourceList, { spec }: LimitRange): string[] {
  return (spec?.limits ?? []).flatMap((item) => {
    if (item.type !== "PersistentVolumeClaim") return []
    const below = each(item.min, (name, bound) => belowMinimum(item.type, name, bound, { requests, limits: {} }))
    const above = each(item.max, (name, bound) => {
      const text = `maximum ${name} usage per ${item.type} is ${canonicalQuantity(bound)}`
      const request = requests[name]
      if (request === undefined) return `${text}.  No request is specified`
      return isMore(request, bound) ? `${text}, but request is ${canonicalQuantity(request)}` : undefined
    })
    return [...below, ...above]
  })
}

function askedOf({
  requests = {},
  limits = {},
}: {
  requests?: ResourceList | undefined
  limits?: ResourceList | undefined
}): Asked {
  return { requests, limits }
}

function mistakes(item: LimitRangeItem, asked: Asked): string[] {
  return [
    ...each(item.min, (name, bound) => belowMinimum(item.type, name, bound, asked)),
    ...each(item.max, (name, bound) => aboveMaximum(item.type, name, bound, asked)),
    ...each(item.maxLimitRequestRatio, (name, bound) => aboveRatio(item.type, name, bound, asked)),
  ]
}

function each(
  bounds: ResourceList | undefined,
  judge: (name: string, bound: Quantity) => string | undefined,
): string[] {
  return Object.entries(bounds ?? {}).flatMap(([name, bound]) => judge(name, bound) ?? [])
}

function belowMinimum(type: string, name: string, bound: Quantity, { requests, limits }: Asked): string | undefined {
  const text = `minimum ${name} usage per ${type} is ${canonicalQuantity(bound)}`
  const request = requests[name]
  const limit = limits[name]
  if (request === undefined) return `${text}.  No request is specified`
  if (isMore(bound, request)) return `${text}, but request is ${canonicalQuantity(request)}`
  if (limit !== undefined && isMore(bound, limit)) return `${text}, but limit is ${canonicalQuantity(limit)}`
  return undefined
}

function aboveMaximum(type: string, name: string, bound: Quantity, { requests, limits }: Asked): string | undefined {
  const text = `maximum ${name} usage per ${type} is ${canonicalQuantity(bound)}`
  const request = requests[name]
  const limit = limits[name]
  if (limit === undefined) return `${text}.  No limit is specified`
  if (isMore(limit, bound)) return `${text}, but limit is ${canonicalQuantity(limit)}`
  if (request !== undefined && isMore(request, bound)) return `${text}, but request is ${canonicalQuantity(request)}`
  return undefined
}

function aboveRatio(type: string, name: string, bound: Quantity, { requests, limits }: Asked): string | undefined {
  const text = `${name} max limit to request ratio per ${type} is ${canonicalQuantity(bound)}`
  const request = parseQuantity(requests[name] ?? 0)
  const limit = parseQuantity(limits[name] ?? 0)
  if (request === 0n) return `${text}, but no request is specified or request is 0.`
  if (limit === 0n) return `${text}, but no limit is specified or limit is 0.`
  if (limit * 1_000_000_000n <= parseQuantity(bound) * request) return undefined
  return `${text}, but provided ratio is ${(Number(limit) / Number(request)).toFixed(6)}.`
}

function isMore(one: Quantity, other: Quantity): boolean {
  return parseQuantity(one) > parseQuantity(other)
}

function listOf(amounts: Amounts): ResourceList {
  return Object.fromEntries([...amounts].map(([name, { nanos, format }]) => [name, formatQuantity(nanos, format)]))
}
