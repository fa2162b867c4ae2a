import type { NewOf } from "@wick/sdk/api"
import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import type { ClusterDomainClaim } from "@wick/sdk/api/networking-internal/cluster-domain-claim"
import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import type { Config } from "@wick/sdk/api/serving/config"
import type { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { isFalse, isTrue, isUnknown, type Mark, nextConditions } from "../../conditions.ts"
import { annotations, handedDown, labels } from "../../labels.ts"
import { isOwnedBy, ownedBy } from "../../owner.ts"
import { withChallenges } from "../certificate/challenge-paths.ts"
import { httpOptionOf } from "../certificate/provision.ts"
import { ingressReadiness, ingressUpdate } from "../ingress/child.ts"
import { type Addressed, type Resolved, referenceMark, resolveReference } from "./reference.ts"
import { type DomainTls, planDomainTls } from "./tls.ts"

export interface Observed {
  readonly mapping: DomainMapping
  /** Of the mapping's domain. */
  readonly claim: ClusterDomainClaim | undefined
  /** What the mapping refers to, if that is there. */
  readonly target: Addressed | undefined
  /** Why that could not be looked at. */
  readonly refusal?: string | undefined
  readonly ingress: Ingress | undefined
  /** Of the mapping's name. */
  readonly certificate: Certificate | undefined
  readonly config: Config
}

export interface Plan {
  /** To be made, so that the domain is this namespace's. */
  readonly claim?: NewOf<typeof ClusterDomainClaim> | undefined
  readonly ingress?: NewOf<typeof Ingress> | undefined
  readonly certificate: Pick<DomainTls, "put" | "remove">
  /** Whether the Ingress must go: the domain is not the namespace's any more. */
  readonly removeIngress: boolean
  readonly status: NonNullable<DomainMapping["status"]>
}

const originalHost = "K-Original-Host"
const notLookedAt = isUnknown("Uninitialized", "")

/**
 * A domain is a namespace's by a ClusterDomainClaim of the domain's name. Without it nothing is served, so nobody takes a
 * name that an administrator has given to others.
 */
export function decide(observed: Observed, nowMs: number): Plan {
  const { mapping, claim, ingress, certificate, config } = observed
  const tls = planDomainTls(observed)
  const claimed = claiming(observed)
  const owned = ingress !== undefined && isOwnedBy(ingress, mapping)
  if (claimed.mark !== isTrue) {
    const marks = { claimed: claimed.mark, resolved: notLookedAt, ready: notLookedAt }
    const remove = certificate !== undefined && isOwnedBy(certificate, mapping)
    return { certificate: { remove }, removeIngress: owned, status: statusOf(observed, marks, tls, nowMs) }
  }
  const resolved = resolveReference(mapping, observed.target, observed.refusal)
  const { update, ready } = serve(observed, resolved, tls, owned)
  const marks = { claimed: claimed.mark, resolved: referenceMark(resolved), ready }
  return {
    claim: claim || !config.network["autocreate-cluster-domain-claims"] ? undefined : newClaim(mapping),
    certificate: tls,
    ingress: update,
    removeIngress: false,
    status: statusOf(observed, marks, tls, nowMs),
  }
}

/** Whether a claim was made on the mapping's behalf, and goes with it. */
export function ownsClaim({ mapping, claim, config }: Pick<Observed, "mapping" | "claim" | "config">): boolean {
  return config.network["autocreate-cluster-domain-claims"] && claim?.spec.namespace === mapping.metadata.namespace
}

function claiming({ mapping, claim, config }: Observed): { readonly mark: Mark } {
  const { name, namespace } = mapping.metadata
  if (claim?.spec.namespace === namespace) return { mark: isTrue }
  if (claim) {
    return { mark: isFalse("DomainAlreadyClaimed", "The domain name is already in use by another DomainMapping") }
  }
  if (config.network["autocreate-cluster-domain-claims"]) return { mark: isTrue }
  const why = `no ClusterDomainClaim found for domain "${name}" (and autocreate-cluster-domain-claims property is not true)`
  return { mark: isFalse("DomainClaimFailed", why) }
}

function newClaim({ metadata }: DomainMapping): NewOf<typeof ClusterDomainClaim> {
  return { metadata: { name: metadata.name }, spec: { namespace: metadata.namespace ?? "" } }
}

function serve(
  { mapping, ingress, config }: Observed,
  resolved: Resolved,
  tls: DomainTls,
  owned: boolean,
): { readonly update?: NewOf<typeof Ingress> | undefined; readonly ready: Mark } {
  if (resolved.kind === "unresolved") return { ready: notLookedAt }
  if (ingress && !owned) {
    return { ready: isFalse("NotOwned", `There is an existing Ingress "${ingress.metadata.name}" that we do not own.`) }
  }
  const update = ingressUpdate(ingress, domainIngress(mapping, resolved, tls, config))
  return { update, ready: update ? ingressReadiness(undefined) : ingressReadiness(ingress) }
}

/** Requests for the domain go where those for the target's own name go, whatever that is at the moment. */
function domainIngress(
  { metadata, ...mapping }: DomainMapping,
  { service, host }: Extract<Resolved, { kind: "resolved" }>,
  { tls, challenges }: DomainTls,
  config: Config,
): NewOf<typeof Ingress> {
  const { name, namespace = "", uid } = metadata
  const noted = handedDown(metadata.annotations)
  const httpOption = httpOptionOf(config, metadata.annotations)
  const appendHeaders = { [originalHost]: name }
  const split = { serviceName: service, serviceNamespace: namespace, servicePort: 80, percent: 100, appendHeaders }
  return {
    metadata: {
      name,
      namespace,
      labels: { ...metadata.labels, [labels.domainMappingUid]: uid, [labels.domainMappingNamespace]: namespace },
      annotations: { [annotations.ingressClass]: config.network["ingress-class"], ...noted },
      ownerReferences: [ownedBy({ ...mapping, metadata })],
    },
    spec: withChallenges(
      {
        ...(httpOption && { httpOption }),
        ...(tls.length > 0 && { tls: [...tls] }),
        rules: [{ hosts: [name], visibility: "ExternalIP", http: { paths: [{ rewriteHost: host, splits: [split] }] } }],
      },
      challenges,
    ),
  }
}

interface Marks {
  readonly claimed: Mark
  readonly resolved: Mark
  readonly ready: Mark
}

function statusOf(
  { mapping: { metadata, status } }: Observed,
  { claimed, resolved, ready }: Marks,
  { url, mark }: DomainTls,
  nowMs: number,
): Plan["status"] {
  return {
    ...status,
    observedGeneration: metadata.generation,
    url,
    address: { url },
    conditions: nextConditions({
      before: status?.conditions,
      dependents: {
        DomainClaimed: claimed,
        ReferenceResolved: resolved,
        IngressReady: ready,
        CertificateProvisioned: mark,
      },
      nowMs,
    }),
  } as Plan["status"]
}
