/** What a certificate is for: clients outside, callers in the cluster, or the platform's own parts among themselves. */
export type CertificateType = "external-domain" | "cluster-local-domain" | "system-internal"

/** What an issuer is asked for. The same order comes again until it is issued, and anew when it is to be renewed. */
export interface Order {
  readonly namespace: string
  /** Of the Certificate. */
  readonly name: string
  /** Of the Certificate: what an issuer remembers of an order, it remembers by this. */
  readonly uid: string
  readonly type: CertificateType
  /** Names that it is for; a first label `*` stands for any one label. */
  readonly domains: readonly string[]
}

/** Certificates as they are served, leaf first, and the leaf's private key; all PEM. */
export interface Chain {
  readonly chainPem: string
  readonly privateKeyPem: string
  /** By whom clients trust it, where that is not one that everybody trusts anyway. */
  readonly authorityPem?: string | undefined
}

/** Something to be answered over plain HTTP on a domain, by which its owner is known (RFC 8555 §8.3). */
export interface Challenge {
  /** `http://DOMAIN/.well-known/acme-challenge/TOKEN`. */
  readonly url: string
  /** The body of the answer: no secret, everybody may ask for it. */
  readonly response: string
}

export type Issuance =
  | { readonly kind: "issued"; readonly chain: Chain }
  /** It goes on when the gateways answer all challenges, and is asked again after `againMs` at the latest. */
  | { readonly kind: "waiting"; readonly challenges: readonly Challenge[]; readonly againMs: number }
  /** It did not work, and may work after `againMs`. The reason is a word of a condition, `OrderFailed`. */
  | { readonly kind: "refused"; readonly reason: string; readonly message: string; readonly againMs: number }

/**
 * Who makes certificates. One look at a time: what takes long is begun and answered with `waiting`, so that nobody waits
 * for a stranger's server in here. An order that was refused comes again only after its pause, or when it has changed.
 */
export interface Issuer {
  /**
   * Tells certificates of this issuer from those of another, `serving-ca 3fa9…`: what another has made is replaced, so
   * operators change their issuer by saying so.
   */
  identity(): Promise<string>
  issue(order: Order, signal: AbortSignal): Promise<Issuance>
  /** The order is of no interest any more: its Certificate is gone, or has what was asked for. */
  forget(uid: string): void
}

/** Which issuer an order goes to at the moment; operators choose by configuration. */
export type ChooseIssuer = (order: Order) => Issuer
