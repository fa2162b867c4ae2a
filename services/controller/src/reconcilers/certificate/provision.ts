import type { NewOf } from "@wick/sdk/api"
import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import type { Config } from "@wick/sdk/api/serving/config"
import { currentCondition } from "../../conditions.ts"
import { annotations, handedDown, labels } from "../../labels.ts"
import { isOwnedBy, ownedBy } from "../../owner.ts"
import { sameJson } from "../../same-json.ts"
import type { CertificateType } from "./issuer.ts"

/*
 * What whoever has hosts (a Route, a DomainMapping) asks for them: whether there should be TLS, the Certificates, and what
 * they come to in an Ingress.
 */

type Annotations = Readonly<Record<string, string>> | undefined
type Owner = Parameters<typeof ownedBy>[0] & {
  readonly metadata: { readonly namespace?: string | undefined; readonly annotations?: Annotations }
}
export type IngressTls = NonNullable<Ingress["spec"]["tls"]>[number]

const group = "networking.knative.dev"
/** Spellings of one annotation, of which the first that is there counts. */
const disabling = ["disable-external-domain-tls", "disableExternalDomainTLS", "disable-auto-tls", "disableAutoTLS"]
const protocol = ["http-protocol", "httpProtocol", "httpOption"]
/** As Go's strconv.ParseBool reads it. */
const yes = ["1", "t", "T", "true", "TRUE", "True"]

/** Whether hosts that are reached from outside should have certificates: operators say so, and nobody says no here. */
export function wantsExternalTls(config: Config, given: Annotations): boolean {
  return config.network["external-domain-tls"] === "Enabled" && !yes.includes(annotated(given, disabling) ?? "")
}

/** What gateways do with requests without TLS; absent: they serve them. */
export function httpOptionOf(config: Config, given: Annotations): "Enabled" | "Redirected" | undefined {
  const own = annotated(given, protocol)?.toLowerCase()
  if (own === "enabled") return "Enabled"
  if (own === "redirected") return "Redirected"
  const wanted = config.network["http-protocol"]
  return wanted === "Disabled" ? undefined : wanted
}

/** While there is no certificate, hosts are reached without TLS if operators let anybody be. */
export function mayDowngrade(config: Config): boolean {
  return config.network["http-protocol"] === "Enabled"
}

function annotated(given: Annotations, names: readonly string[]): string | undefined {
  return names.map((name) => given?.[`${group}/${name}`]).find((value) => value !== undefined && value !== "")
}

export interface Wish {
  readonly owner: Owner
  /** Of the Certificate, and of the Secret with what is issued. */
  readonly name: string
  readonly type: CertificateType
  readonly dnsNames: readonly string[]
  /** What the names end in. */
  readonly domain: string
  /** Beside the type's. */
  readonly labels: Readonly<Record<string, string>>
  readonly config: Config
}

export function desiredCertificate(wish: Wish): NewOf<typeof Certificate> {
  const { owner, name, type, dnsNames, domain, config } = wish
  const noted = handedDown(owner.metadata.annotations)
  return {
    metadata: {
      name,
      namespace: owner.metadata.namespace,
      labels: { ...wish.labels, [labels.certificateType]: type },
      annotations: { [annotations.certificateClass]: config.network["certificate-class"], ...noted },
      ownerReferences: [ownedBy(owner)],
    },
    spec: { dnsNames: dnsNames.toSorted(), domain, secretName: name },
  }
}

/** foreign: somebody else's has that name. put: to be made, or brought to this. */
export type CertificateUpdate =
  | { readonly kind: "foreign" | "kept" }
  | { readonly kind: "put"; readonly certificate: NewOf<typeof Certificate> }

export function certificateUpdate(
  existing: Certificate | undefined,
  wanted: NewOf<typeof Certificate>,
  owner: Owner,
): CertificateUpdate {
  if (!existing) return { kind: "put", certificate: wanted }
  if (!isOwnedBy(existing, owner)) return { kind: "foreign" }
  const known = { annotations: existing.metadata.annotations, spec: existing.spec }
  if (sameJson(known, { annotations: wanted.metadata.annotations, spec: wanted.spec })) return { kind: "kept" }
  const metadata = { ...existing.metadata, annotations: wanted.metadata.annotations }
  return { kind: "put", certificate: { ...existing, metadata, spec: wanted.spec } as NewOf<typeof Certificate> }
}

export type Standing = "ready" | "failed" | "pending"

export function standingOf(certificate: Certificate | undefined): Standing {
  const status = certificate && currentCondition(certificate, "Ready")?.status
  if (status === "True") return "ready"
  return status === "False" ? "failed" : "pending"
}

/** Challenges that gateways have to answer now: for a first certificate, or for the next one. */
export function challengesOf(certificate: Certificate | undefined) {
  return certificate?.status?.http01Challenges ?? []
}

export function ingressTls({ metadata, spec }: Certificate, hosts: readonly string[]): IngressTls {
  return { hosts: hosts.toSorted(), secretName: spec.secretName, secretNamespace: metadata.namespace }
}
