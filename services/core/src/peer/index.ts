/**
 * Members of the store over the network: replication's transport, on TLS connections by which both ends prove which
 * member they are. Whatever goes wrong on the way looks like a lost message; nothing arrives altered or from another.
 *
 * Imports raft, store (its bytes), replication (the interface that it fills) and pki. May be imported by whoever
 * composes a server.
 */
export { memberName, type PeerTls } from "./identity.ts"
export { type PeerTimes, peerTimes } from "./limits.ts"
export { openPeerDoor, type PeerDoor, type PeersOptions } from "./peer-transport.ts"
