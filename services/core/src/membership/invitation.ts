import { createHash, X509Certificate } from "node:crypto"

/** A cluster cannot be joined so: the message says why. */
export class JoinError extends Error {
  override name = "JoinError"
}

/**
 * What a host shows to join: a bootstrap token, and what the cluster's authority looks like, so that the token is shown
 * to nobody else.
 *
 *     07401b.f395accd246ae52d.4c1f…      id . secret . SHA-256 of the authority's public key, hex
 */
export interface Invitation {
  /** `id.secret`, as the API server's authentication takes it. */
  readonly token: string
  readonly authorityHash: string
}

const form = /^([a-z0-9]{6}\.[a-z0-9]{16})\.([0-9a-f]{64})$/

export function readInvitation(text: string): Invitation {
  const [, token, authorityHash] = form.exec(text.trim()) ?? []
  if (token === undefined || authorityHash === undefined) {
    throw new JoinError("the token is not one of `wick member invite`: it has the form ID.SECRET.HASH")
  }
  return { token, authorityHash }
}

export function invitationText({ token, authorityHash }: Invitation): string {
  return `${token}.${authorityHash}`
}

/** Of the public key, so that an authority that is renewed with its key keeps it. */
export function authorityHashOf(authorityPem: string): string {
  const key = new X509Certificate(authorityPem).publicKey.export({ type: "spki", format: "der" })
  return createHash("sha256").update(key).digest("hex")
}
