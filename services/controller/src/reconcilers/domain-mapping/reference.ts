import type { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { isFalse, isTrue, type Mark } from "../../conditions.ts"

/** What a mapping leads to: a name in the cluster, of a route or of any Service. */
export type Resolved =
  | { readonly kind: "resolved"; readonly service: string; readonly host: string }
  | { readonly kind: "unresolved"; readonly mark: Mark }

interface Address {
  readonly name?: string | undefined
  readonly url?: string | undefined
}

/** What has an address: a Service, a Route, a Broker. */
export interface Addressed {
  readonly status?:
    | { readonly address?: Address | undefined; readonly addresses?: readonly Address[] | undefined }
    | undefined
}

/** The kind that a reference means. */
export interface Referred {
  readonly group: string
  readonly version: string
  readonly kind: string
}

export const servingGroup = "serving.knative.dev"
const suffix = ".svc.cluster.local"

/** Undefined where only a group is given, and it is none of ours: its versions are not known. */
export function referredKind({ spec: { ref } }: Pick<DomainMapping, "spec">): Referred | undefined {
  const { kind } = ref
  if (ref.apiVersion) {
    const [version = "", group = ""] = ref.apiVersion.split("/").reverse()
    return { group, version, kind }
  }
  return ref.group === servingGroup ? { group: servingGroup, version: "v1", kind } : undefined
}

/** Name of a kind's resource, by the rule of English that nearly all of them follow. */
export function resourceOf(kind: string): string {
  const name = kind.toLowerCase()
  if (name.endsWith("s")) return `${name}es`
  return name.endsWith("y") ? `${name.slice(0, -1)}ies` : `${name}s`
}

/** A plain Service needs no address in its status: it has a name. */
export function isCoreService({ group, kind }: Referred): boolean {
  return group === "" && kind === "Service"
}

/** `refusal`: why the target cannot be looked at. */
export function resolveReference(mapping: DomainMapping, target: Addressed | undefined, refusal?: string): Resolved {
  const { ref } = mapping.spec
  const namespace = mapping.metadata.namespace ?? ""
  const referred = referredKind(mapping)
  if (!referred) return failed(`missing field(s): spec.ref.apiVersion of the ${ref.kind} of group ${ref.group}`)
  const { group, kind } = referred
  if (ref.namespace && ref.namespace !== namespace) {
    return failed(`${kind} "${ref.namespace}/${ref.name}" must be in same namespace as DomainMapping`)
  }
  if (refusal) return failed(refusal)
  if (!target) return failed(`${resourceOf(kind)}${group && `.${group}`} "${ref.name}" not found`)
  if (isCoreService(referred)) return resolved(`${ref.name}.${namespace}${suffix}`)
  const { address, addresses } = target.status ?? {}
  const url = ref.address ? addresses?.find(({ name }) => name === ref.address)?.url : (address ?? addresses?.[0])?.url
  if (!url) return failed(`address not set for ${kind} ${namespace}/${ref.name}`)
  if (!URL.canParse(url)) return failed(`address of ${kind} ${namespace}/${ref.name} is no URL: "${url}"`)
  const { hostname: host, pathname } = new URL(url)
  const [, inside] = host.slice(0, -suffix.length).split(".")
  if (!host.endsWith(suffix) || inside === undefined) {
    return failed(`resolved URI "${url}" must be of the form {name}.{namespace}${suffix}`)
  }
  if (inside !== namespace) return failed(`resolved URI "${url}" must be in same namespace as DomainMapping`)
  // A gateway's way leads to another host, not to another path.
  if (pathname !== "/") return failed(`resolved URI "${url}" contains a path`)
  return resolved(host)
}

export function referenceMark(resolved: Resolved): Mark {
  return resolved.kind === "resolved" ? isTrue : resolved.mark
}

function resolved(host: string): Resolved {
  return { kind: "resolved", service: host.split(".")[0] ?? "", host }
}

function failed(why: string): Resolved {
  return { kind: "unresolved", mark: isFalse("ResolveFailed", why) }
}
