import type { TLSSocket } from "node:tls"

/** Who is at the other end of a connection, as far as TLS can tell. */
export interface Peer {
  readonly address: string
  readonly certificate: PeerCertificate
}

export type PeerCertificate =
  | { readonly kind: "none" }
  /** Signed by our authority, for clients, in its time: TLS has checked that. */
  | { readonly kind: "verified"; readonly commonName: string; readonly organizations: readonly string[] }
  /** Shown, but not good; `because` is OpenSSL's code. */
  | { readonly kind: "refused"; readonly because: string }

const noPeer: Peer = { address: "", certificate: { kind: "none" } }
const peerKey = Symbol("peer")

/** Reads the peer once per connection, not per request, and remembers it on the socket. */
export function rememberPeer(socket: TLSSocket): void {
  Object.assign(socket, { [peerKey]: { address: socket.remoteAddress ?? "", certificate: certificateOf(socket) } })
}

/** Of HTTP/2 streams the socket is a proxy, through which a property is still to be seen. */
export function peerOf(socket: object | undefined): Peer {
  return (socket as { [peerKey]?: Peer } | undefined)?.[peerKey] ?? noPeer
}

function certificateOf(socket: TLSSocket): PeerCertificate {
  const { subject } = socket.getPeerCertificate()
  if (subject === undefined) return { kind: "none" }
  if (!socket.authorized) return { kind: "refused", because: String(socket.authorizationError) }
  return {
    kind: "verified",
    commonName: [subject.CN ?? ""].flat()[0] ?? "",
    organizations: [subject.O ?? []].flat() as string[],
  }
}
