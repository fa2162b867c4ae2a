import type { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { isFalse, isTrue, type Mark } from "../../conditions.ts"

/** What a mapping leads to: a name in the cluster, which a route has. */
export type Resolved =
  | { readonly kind: "resolved"; readonly service: string; readonly host: string }
  | { readonly kind: "unresolved"; readonly mark: Mark }

/** What has an address: a Service, a Route. */
export interface Addressed {
  readonly status?: { readonly address?: { readonly url?: string | undefined } | undefined } | undefined
}

const group = "serving.knative.dev"
const suffix = ".svc.cluster.local"

/** The kind that is meant, when it is one that gateways can lead to. */
export function referredKind({ spec: { ref } }: DomainMapping): "Service" | "Route" | undefined {
  const given = ref.group ?? ref.apiVersion?.split("/")[0]
  if (given !== group) return undefined
  return ref.kind === "Service" || ref.kind === "Route" ? ref.kind : undefined
}

export function resolveReference(mapping: DomainMapping, target: Addressed | undefined): Resolved {
  const { ref } = mapping.spec
  const namespace = mapping.metadata.namespace ?? ""
  const kind = referredKind(mapping)
  if (!kind) {
    const said = `${ref.apiVersion ?? ref.group ?? "v1"} ${ref.kind}`
    return failed(`a domain leads to a Service or Route of ${group}, not to a ${said}`)
  }
  if (ref.namespace && ref.namespace !== namespace) {
    return failed(`${kind} "${ref.namespace}/${ref.name}" must be in same namespace as DomainMapping`)
  }
  if (!target) return failed(`${kind.toLowerCase()}s.${group} "${ref.name}" not found`)
  const url = target.status?.address?.url
  if (!url) return failed(`address not set for ${kind} ${namespace}/${ref.name}`)
  const host = new URL(url).hostname
  const [service = "", inside] = host.slice(0, -suffix.length).split(".")
  if (!host.endsWith(suffix) || inside === undefined) {
    return failed(`resolved URI "${url}" must be of the form {name}.{namespace}${suffix}`)
  }
  if (inside !== namespace) return failed(`resolved URI "${url}" must be in same namespace as DomainMapping`)
  return { kind: "resolved", service, host }
}

export function referenceMark(resolved: Resolved): Mark {
  return resolved.kind === "resolved" ? isTrue : resolved.mark
}

function failed(why: string): Resolved {
  return { kind: "unresolved", mark: isFalse("ResolveFailed", why) }
}
