import type { NewOf } from "@wick/sdk/api"
import type { Namespace } from "@wick/sdk/api/core/namespace"
import { matches } from "@wick/sdk/api/meta/label-selector"
import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { type Config, domainOf } from "@wick/sdk/api/serving/config"
import { labels } from "../../labels.ts"
import { isOwnedBy } from "../../owner.ts"
import { certificateUpdate, desiredCertificate } from "../certificate/provision.ts"

export interface Observed {
  readonly namespace: Namespace
  /** Those of the namespace that are for all names below a domain. */
  readonly certificates: readonly Certificate[]
  readonly config: Config
}

export interface Plan {
  readonly put?: NewOf<typeof Certificate> | undefined
  readonly remove: readonly string[]
  /** Why there can be none. */
  readonly mistake?: string | undefined
}

/**
 * One certificate for all names below a namespace's domain, where operators choose the namespace: the routes in it need none
 * of their own. One that somebody else has made for these names will do.
 */
type Selector = NonNullable<Config["network"]["namespace-wildcard-cert-selector"]>

function isChosen(selector: Selector, { metadata }: Namespace): boolean {
  const matchExpressions = selector.matchExpressions?.map(({ values = [], ...given }) => ({
    ...given,
    values: [...values],
  }))
  return matches({ ...selector, matchExpressions }, metadata.labels)
}

export function decide({ namespace, certificates, config }: Observed): Plan {
  const own = certificates.filter((each) => isOwnedBy(each, namespace))
  const all = own.map(({ metadata }) => metadata.name)
  const selector = config.network["namespace-wildcard-cert-selector"]
  if (!selector || !isChosen(selector, namespace)) return { remove: all }
  if (config.network["external-domain-tls"] !== "Enabled") return { remove: [] }
  const domain = domainOf(config.domain, {})
  const names = { Name: "*", Namespace: namespace.metadata.name, Domain: domain }
  const host = config.network["domain-template"].execute({ ...names, Labels: new Map(), Annotations: new Map() })
  if (!/^\*\..+$/.test(host)) return { remove: all, mistake: `invalid DomainTemplate: ${host}` }
  const wanted = desiredCertificate({
    owner: { ...namespace, metadata: { ...namespace.metadata, namespace: namespace.metadata.name } },
    name: host.slice(2),
    type: "external-domain",
    dnsNames: [host],
    domain,
    labels: { [labels.wildcardDomain]: domain },
    config,
  })
  const others = all.filter((name) => name !== wanted.metadata.name)
  const existing = own.find(({ metadata }) => metadata.name === wanted.metadata.name)
  if (!existing && certificates.some(({ spec }) => spec.dnsNames.includes(host))) return { remove: others }
  const update = certificateUpdate(existing, wanted, namespace)
  return { put: update.kind === "put" ? update.certificate : undefined, remove: others }
}
