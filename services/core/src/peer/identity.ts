import type { PeerCertificate } from "node:tls"
import type { MemberId } from "#raft"

/** What a member shows its peers, and whom it believes. */
export interface PeerTls {
  /** Its own certificate, good for both sides of a connection; its common name is `memberName` of its id. */
  readonly certificatePem: string
  readonly privateKeyPem: string
  /** The authority that signs certificates of members and nothing else: to be one of its is to be a member. */
  readonly authorityPem: string
}

const prefix = "member-"

/** The common name of a member's certificate. Where the member is does not matter: it may move. */
export function memberName(id: MemberId): string {
  return `${prefix}${id}`
}

/** Whose certificate it is; undefined: no member's. */
export function memberOf({ subject }: Pick<PeerCertificate, "subject">): MemberId | undefined {
  const name: unknown = subject?.CN
  if (typeof name !== "string" || !name.startsWith(prefix)) return undefined
  const digits = name.slice(prefix.length)
  const id = Number(digits)
  return /^[1-9]\d*$/.test(digits) && Number.isSafeInteger(id) ? id : undefined
}
