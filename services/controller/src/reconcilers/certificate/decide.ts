import type { Secret } from "@wick/sdk/api/core/secret"
import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { isFalse, isTrue, isUnknown, type Mark, nextConditions, timestamp } from "../../conditions.ts"
import { labels } from "../../labels.ts"
import { isOwnedBy } from "../../owner.ts"
import type { ChainFacts } from "./chain.ts"
import type { CertificateType, Challenge, Issuance, Order } from "./issuer.ts"

export interface Observed {
  readonly certificate: Certificate
  /** Of the name that the Certificate gives. */
  readonly secret: Secret | undefined
  /** What the Secret holds, when that is a certificate. */
  readonly facts: ChainFacts | undefined
  /** Who makes such certificates at the moment. */
  readonly issuer: string
}

export type Step =
  /** The Secret is somebody else's and is not touched. */
  | { readonly kind: "foreign" }
  /** There is what was asked for, and it lasts. */
  | { readonly kind: "good"; readonly renewAtMs: number }
  /** A certificate is to be made. */
  | { readonly kind: "order" }

/** Share of its life after which a certificate is replaced: what fails then has the last third to be put right. */
const renewAfter = 2 / 3

export function nextStep({ certificate, secret, facts, issuer }: Observed, nowMs: number): Step {
  if (secret && !isOwnedBy(secret, certificate)) return { kind: "foreign" }
  if (!facts || facts.issuer !== issuer || !covers(facts, certificate)) return { kind: "order" }
  const renewAtMs = facts.notBeforeMs + (facts.notAfterMs - facts.notBeforeMs) * renewAfter
  return nowMs < renewAtMs ? { kind: "good", renewAtMs } : { kind: "order" }
}

export function orderOf({ metadata, spec }: Certificate): Order {
  const type = metadata.labels?.[labels.certificateType]
  const { name, namespace = "", uid } = metadata
  return { namespace, name, uid, type: isType(type) ? type : "external-domain", domains: spec.dnsNames }
}

const types: readonly string[] = ["external-domain", "cluster-local-domain", "system-internal"]

function isType(given: string | undefined): given is CertificateType {
  return given !== undefined && types.includes(given)
}

function covers({ domains }: ChainFacts, { spec }: Certificate): boolean {
  return spec.dnsNames.every((name) => domains.includes(name))
}

/** How it stands: what there is to be served, and what came of an order, if there was one. */
export interface Outcome {
  /** Present when it is good for the names that are asked for, whoever has made it. */
  readonly usable: ChainFacts | undefined
  readonly issuance: Issuance | "none" | "foreign"
}

/** What there is and can be served until something better is made. */
export function usable({ certificate, secret, facts }: Observed, nowMs: number): ChainFacts | undefined {
  const ours = secret !== undefined && isOwnedBy(secret, certificate)
  return ours && facts && covers(facts, certificate) && nowMs < facts.notAfterMs ? facts : undefined
}

export function statusOf(
  certificate: Certificate,
  { usable: facts, issuance }: Outcome,
  nowMs: number,
): NonNullable<Certificate["status"]> {
  const { notAfter: _, http01Challenges: __, ...before } = certificate.status ?? {}
  const failing = typeof issuance !== "string" && issuance.kind !== "issued" ? issuance : undefined
  return {
    ...before,
    observedGeneration: certificate.metadata.generation,
    ...(facts && { notAfter: timestamp(facts.notAfterMs) }),
    ...(failing?.kind === "waiting" && { http01Challenges: failing.challenges.map(stored) }),
    conditions: nextConditions({
      before: certificate.status?.conditions,
      dependents: { Ready: readiness(certificate, facts, issuance) },
      ...(facts && failing && { notes: { Renewing: renewing(failing) } }),
      nowMs,
    }),
  } as NonNullable<Certificate["status"]>
}

function readiness({ spec }: Certificate, facts: ChainFacts | undefined, issuance: Outcome["issuance"]): Mark {
  if (issuance === "foreign")
    return isFalse("NotOwned", `There is an existing Secret "${spec.secretName}" that we do not own.`)
  if (facts || issuance === "none" || issuance.kind === "issued") return isTrue
  return issuance.kind === "waiting" ? pending(issuance) : isFalse(issuance.reason, issuance.message)
}

function pending({ challenges }: Extract<Issuance, { kind: "waiting" }>): Mark {
  return isUnknown("InProgress", `Waiting for the issuer; ${challenges.length} challenge(s) have to be answered.`)
}

/** A certificate that still serves is being replaced, or would be if that worked. */
function renewing(issuance: Exclude<Issuance, { kind: "issued" }>): Mark {
  const told = issuance.kind === "waiting" ? pending(issuance) : { reason: issuance.reason, message: issuance.message }
  return { status: "True", reason: told.reason ?? "", message: told.message ?? "" }
}

/** Who answers is a gateway; its Service is named for gateways of other makers. */
function stored({ url, response }: Challenge) {
  return { url, serviceName: "activator-service", serviceNamespace: "knative-serving", servicePort: 80, response }
}
