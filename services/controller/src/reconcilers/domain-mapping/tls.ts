import type { NewOf } from "@wick/sdk/api"
import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import type { Config } from "@wick/sdk/api/serving/config"
import type { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { isFalse, isTrue, isUnknown, type Mark } from "../../conditions.ts"
import { labels } from "../../labels.ts"
import { isOwnedBy } from "../../owner.ts"
import {
  certificateUpdate,
  challengesOf,
  desiredCertificate,
  type IngressTls,
  ingressTls,
  mayDowngrade,
  standingOf,
  wantsExternalTls,
} from "../certificate/provision.ts"
import { secureUrl, shownUrl } from "../route/host.ts"

/** What a domain is served by over TLS, and what is still to be done for that. */
export interface DomainTls {
  /** To be made, or brought to this. */
  readonly put?: NewOf<typeof Certificate> | undefined
  /** Whether the Certificate that was made for the domain is of no use any more: there is one of the user's own. */
  readonly remove: boolean
  readonly tls: readonly IngressTls[]
  readonly challenges: ReturnType<typeof challengesOf>
  readonly mark: Mark
  readonly url: string
}

export interface DomainTlsInput {
  readonly mapping: DomainMapping
  /** Of the mapping's name. */
  readonly certificate: Certificate | undefined
  readonly config: Config
}

/**
 * A certificate of the user's own comes first; else, where operators want TLS outside, one is ordered. Until that is there,
 * the domain is reached without TLS if operators let it be, and otherwise the mapping is not ready.
 */
export function planDomainTls({ mapping, certificate, config }: DomainTlsInput): DomainTls {
  const { metadata, spec } = mapping
  const { name, namespace, uid, annotations } = metadata
  const plain = { tls: [], challenges: [], remove: false, url: shownUrl(config, name) }
  const secure = { ...plain, url: secureUrl(config, name) }
  if (spec.tls) {
    const tls = [{ hosts: [name], secretName: spec.tls.secretName, secretNamespace: namespace }]
    const mark = told("CertificateExternallyProvided", "TLS certificate was provided externally")
    return { ...secure, tls, mark, remove: certificate !== undefined && isOwnedBy(certificate, mapping) }
  }
  if (!wantsExternalTls(config, annotations)) {
    return { ...plain, mark: told("TLSNotEnabled", "external-domain-tls is not enabled") }
  }
  const wanted = desiredCertificate({
    ...{ owner: mapping, name, type: "external-domain", dnsNames: [name], domain: name, config },
    labels: { [labels.domainMappingUid]: uid },
  })
  const update = certificateUpdate(certificate, wanted, mapping)
  if (update.kind === "foreign") {
    const why = `There is an existing certificate ${name} that we don't own.`
    return { ...plain, mark: isFalse("CertificateNotOwned", why) }
  }
  const put = update.kind === "put" ? update.certificate : undefined
  const asked = { put, challenges: challengesOf(certificate) }
  // One that is about to be for another name says nothing of this one yet.
  const standing = put === undefined ? standingOf(certificate) : "pending"
  if (certificate && standing === "ready") {
    return { ...secure, ...asked, tls: [ingressTls(certificate, [name])], mark: isTrue }
  }
  if (mayDowngrade(config)) {
    return { ...plain, ...asked, mark: told("HTTPDowngrade", `Certificate ${name} is not ready downgrade HTTP.`) }
  }
  const mark =
    standing === "failed"
      ? isFalse("CertificateProvisionFailed", `Certificate ${name} failed to be provisioned.`)
      : isUnknown("CertificateNotReady", `Certificate ${name} is not ready.`)
  return { ...secure, ...asked, mark }
}

function told(reason: string, message: string): Mark {
  return { status: "True", reason, message }
}
