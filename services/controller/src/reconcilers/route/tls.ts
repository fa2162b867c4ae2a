import type { NewOf } from "@wick/sdk/api"
import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { type Config, domainOf } from "@wick/sdk/api/serving/config"
import type { Route } from "@wick/sdk/api/serving/route"
import { currentCondition, isFalse, isTrue, isUnknown, type Mark } from "../../conditions.ts"
import { labels } from "../../labels.ts"
import {
  certificateUpdate,
  challengesOf,
  desiredCertificate,
  type IngressTls,
  ingressTls,
  mayDowngrade,
  standingOf,
  type Wish,
  wantsExternalTls,
} from "../certificate/provision.ts"
import { adler32 } from "./adler32.ts"
import { clusterHosts, externalHost, hostLabel, type Visibility } from "./host.ts"

export interface TlsInput {
  readonly route: Route
  readonly config: Config
  /** Names under which the route is called, "" for itself. */
  readonly tags: readonly string[]
  readonly visibility: (tag: string) => Visibility
  readonly certificates: RouteCertificates
}

/** Certificates of the route's namespace. */
export interface RouteCertificates {
  get(name: string): Certificate | undefined
  /** Those of the route. */
  readonly own: readonly Certificate[]
  /** Those that are for all names below a domain. */
  readonly wildcards: readonly Certificate[]
}

export interface TlsPlan {
  readonly put: readonly NewOf<typeof Certificate>[]
  /** Names of those whose hosts are gone. */
  readonly remove: readonly string[]
  readonly tls: readonly IngressTls[]
  readonly challenges: ReturnType<typeof challengesOf>
  readonly mark: Mark
  /** Hosts that are told with https. */
  readonly secure: ReadonlySet<string>
}

/** A certificate that some hosts should have, and what it comes to. */
interface Provision {
  readonly hosts: readonly string[]
  readonly name: string
  readonly certificate: Certificate | undefined
  readonly put?: NewOf<typeof Certificate> | undefined
  readonly mark: Mark
  readonly isServed: boolean
  readonly isSecure: boolean
}

const off: Mark = { status: "True", reason: "TLSNotEnabled", message: "external-domain-tls is not enabled" }
const localOff: Mark = { status: "True", reason: "TLSNotEnabled", message: "TLS is not enabled for cluster-local" }

/**
 * Certificates of a route's hosts: one for each name that is reached from outside, unless its namespace has one for all, and
 * one for each that is reached inside. A host is told with https when its certificate can be served; until then without, if
 * operators let it be, and else the route is not ready.
 */
export function planTls(input: TlsInput): TlsPlan {
  const { route, config, tags, certificates } = input
  const isExternal = wantsExternalTls(config, route.metadata.annotations)
  const isLocal = config.network["cluster-local-domain-tls"] === "Enabled"
  const external = isExternal ? tags.flatMap((tag) => externalProvision(input, tag)) : []
  const local = isLocal ? tags.map((tag) => localProvision(input, tag)) : []
  const all = [...external, ...local]
  const names = new Set(all.map(({ name }) => name))
  const judged = [...(isExternal ? ["external-domain"] : []), ...(isLocal ? ["cluster-local-domain"] : [])]
  return {
    put: all.flatMap(({ put }) => put ?? []),
    remove: certificates.own
      .filter(
        ({ metadata }) => !names.has(metadata.name) && judged.includes(metadata.labels?.[labels.certificateType] ?? ""),
      )
      .map(({ metadata }) => metadata.name),
    tls: all.flatMap(({ certificate, isServed, hosts }) =>
      certificate && isServed ? [ingressTls(certificate, hosts)] : [],
    ),
    challenges: all
      .flatMap(({ certificate }) => challengesOf(certificate))
      .toSorted((one, other) => ((one.url ?? "") < (other.url ?? "") ? -1 : 1)),
    mark: worst(all.map(({ mark }) => mark)) ?? (isExternal ? localOff : off),
    secure: new Set(all.flatMap(({ hosts, isSecure }) => (isSecure ? hosts : []))),
  }
}

function externalProvision(input: TlsInput, tag: string): Provision[] {
  const { route, config, visibility, certificates } = input
  if (visibility(tag) === "ClusterLocal") return []
  const host = externalHost(config, route, hostLabel(config, route.metadata.name, tag))
  const domain = domainOf(config.domain, route.metadata.labels)
  const shared = certificates.wildcards.find(
    ({ metadata, spec }) => metadata.labels?.[labels.wildcardDomain] === domain && isBelow(host, spec.dnsNames),
  )
  const found: Found = shared
    ? { name: shared.metadata.name, certificate: shared, isForeign: false }
    : find(input, { name: certificateName(route, tag), type: "external-domain", dnsNames: [host], domain })
  const provision = { hosts: [host], ...found, ...judge(found), isSecure: true }
  if (provision.isServed || found.isForeign || !mayDowngrade(config)) return [provision]
  const message = `Certificate ${found.name} is not ready downgrade HTTP.`
  return [{ ...provision, mark: { status: "True", reason: "HTTPDowngrade", message }, isSecure: false }]
}

function localProvision(input: TlsInput, tag: string): Provision {
  const { route, config } = input
  const { name, namespace = "" } = route.metadata
  const dnsNames = clusterHosts(hostLabel(config, name, tag), namespace)
  const local = { name: `${certificateName(route, tag)}-local`, type: "cluster-local-domain", dnsNames } as const
  const found = find(input, { ...local, domain: "svc.cluster.local" })
  const judged = judge(found)
  return { hosts: dnsNames, ...found, ...judged, isSecure: judged.isServed }
}

type Found = Pick<Provision, "name" | "certificate" | "put"> & { readonly isForeign: boolean }

function find(
  { route, config, certificates }: TlsInput,
  wish: Pick<Wish, "name" | "type" | "dnsNames" | "domain">,
): Found {
  const owned = { [labels.route]: route.metadata.name }
  const wanted = desiredCertificate({ owner: route, config, labels: owned, ...wish })
  const existing = certificates.get(wish.name)
  const update = certificateUpdate(existing, wanted, route)
  if (update.kind === "foreign") return { name: wish.name, certificate: undefined, isForeign: true }
  const put = update.kind === "put" ? update.certificate : undefined
  return { name: wish.name, certificate: existing, put, isForeign: false }
}

function judge({ name, certificate, put, isForeign }: Found): Pick<Provision, "mark" | "isServed"> {
  if (isForeign) {
    const text = `There is an existing certificate ${name} that we don't own.`
    return { mark: isFalse("CertificateNotOwned", text), isServed: false }
  }
  // One that is about to be for other names says nothing of them yet.
  const standing = put === undefined ? standingOf(certificate) : "pending"
  if (standing === "ready") return { mark: isTrue, isServed: true }
  const reason = (certificate && currentCondition(certificate, "Ready")?.reason) ?? ""
  const mark =
    standing === "failed"
      ? isFalse("CertificateProvisionFailed", `Certificate ${name} fails to be provisioned: ${reason}`)
      : isUnknown("CertificateNotReady", `Certificate ${name} is not ready: ${reason}`)
  return { mark, isServed: false }
}

/** What is told of several: what fails before what is not ready, and that before what is served without. */
function worst(marks: readonly Mark[]): Mark | undefined {
  const withStatus = (status: Mark["status"]): Mark | undefined => marks.find((mark) => mark.status === status)
  return withStatus("False") ?? withStatus("Unknown") ?? marks.find(({ reason }) => reason !== undefined) ?? marks[0]
}

/** `*.default.example.com` is for `hello.default.example.com`: one label, no more. */
function isBelow(host: string, dnsNames: readonly string[]): boolean {
  return dnsNames.includes(`*${host.slice(host.indexOf("."))}`)
}

/** As Knative names them: by the route's uid, and a tag by its checksum. */
export function certificateName({ metadata }: Route, tag: string): string {
  return `route-${metadata.uid}${tag === "" ? "" : `-${adler32(tag)}`}`
}
