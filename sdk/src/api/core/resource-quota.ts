import * as z from "zod"
import { age } from "../column.ts"
import { atomicList, atomicMap, coreType, optional, required, text, texts } from "../field.ts"
import { defineKind, type KindOf } from "../kind.ts"
import { ResourceList } from "./resources.ts"

export const ScopedResourceSelectorRequirement = coreType(
  "ScopedResourceSelectorRequirement",
  "What is asked of one scope.",
  z.object({
    scopeName: required(text, "Name of the scope."),
    operator: required(text, "In, NotIn, Exists or DoesNotExist."),
    values: optional(texts, "For In and NotIn: the values.", atomicList),
  }),
)
export type ScopedResourceSelectorRequirement = z.output<typeof ScopedResourceSelectorRequirement>

export const ScopeSelector = coreType(
  "ScopeSelector",
  "Scopes that must all hold.",
  z.object({
    matchExpressions: optional(z.array(ScopedResourceSelectorRequirement), "What is asked.", atomicList),
  }),
  atomicMap,
)

export const ResourceQuotaSpec = coreType(
  "ResourceQuotaSpec",
  "How much a namespace may use.",
  z.object({
    hard: optional(ResourceList, "At most this much of each."),
    scopes: optional(texts, "Only objects for which all of these hold are counted.", atomicList),
    scopeSelector: optional(ScopeSelector, "Like scopes, with values."),
  }),
)

export const ResourceQuotaStatus = coreType(
  "ResourceQuotaStatus",
  "How much is used.",
  z.object({
    hard: optional(ResourceList, "What is enforced."),
    used: optional(ResourceList, "What is used of it."),
  }),
)

export const ResourceQuota = defineKind({
  group: "",
  version: "v1",
  kind: "ResourceQuota",
  plural: "resourcequotas",
  shortNames: ["quota"],
  description: "ResourceQuota bounds what a namespace uses in all.",
  schema: z.object({
    spec: optional(ResourceQuotaSpec, "How much may be used."),
    status: optional(ResourceQuotaStatus, "How much is used."),
  }),
  subresources: { status: true },
  columns: [
    { name: "Request", type: "string", value: (quota) => usageText(quota, (name) => !isLimit(name)) },
    { name: "Limit", type: "string", value: (quota) => usageText(quota, isLimit) },
    age,
  ],
})
export type ResourceQuota = KindOf<typeof ResourceQuota>

interface Observed {
  readonly status?: z.output<typeof ResourceQuotaStatus> | undefined
}

function isLimit(name: string): boolean {
  return name.startsWith("limits.")
}

/** `pods: 3/10, requests.cpu: 1/4` */
function usageText({ status }: Observed, wanted: (name: string) => boolean): string {
  const names = Object.keys(status?.hard ?? {})
    .filter(wanted)
    .sort()
  return names.map((name) => `${name}: ${status?.used?.[name] ?? 0}/${status?.hard?.[name] ?? 0}`).join(", ")
}
