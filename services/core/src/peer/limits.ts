import { requestSizeMax } from "#store"

/** Largest frame but for a call's, in bytes: an append holds a mebibyte of commands, or one command of any size. */
export const frameSizeMax = 4 * 1024 * 1024
/** Largest question or answer of a call: a command of the largest size, and what goes with it. */
export const callSizeMax = requestSizeMax + 512 * 1024
/** Entries of one append. A leader puts fewer in; who claims more is not a member of ours. */
export const entriesMax = 128 * 1024
/** Members of one list of a configuration. */
export const membersMax = 64
/** Bytes of appends and calls that wait for one peer; what comes on top is dropped, as a network would. */
export const bulkQueueSizeMax = 32 * 1024 * 1024
/** The same of heartbeats, votes and acknowledgements. */
export const promptQueueSizeMax = 1024 * 1024
/** Calls that one peer works on at the same time. */
export const callsMax = 16 * 1024
/** Connections that are taken in: a few of each peer, and strangers who do not get further than the handshake. */
export const connectionsMax = 128
/** Bytes of a piece of a snapshot; each has a checksum. */
export const chunkSizeMax = 256 * 1024
/** Bytes of a snapshot on their way: the receiver has taken in all but these. Bounds what a transfer costs in memory. */
export const snapshotWindow = 4 * chunkSizeMax
/** Attempts to bring a snapshot further, each without a byte of progress, after which it has failed. */
export const snapshotAttemptsMax = 5
/** Milliseconds without a connection after which the part of a snapshot that is here is let go: longer than attempts take. */
export const snapshotAbandonedMs = 30_000

/** How long is waited for a peer, in milliseconds. */
export interface PeerTimes {
  /** For a connection to stand: TCP, TLS, and both have said who they are. */
  readonly dialMs: number
  /** Between two pings of one connection. */
  readonly pingMs: number
  /** Pings without an answer after which a connection is given up: its peer is frozen, or the path is gone. */
  readonly pingsMissedMax: number
  /** The same where much may be on its way before a ping, or the peer be busy with it: entries, a snapshot. */
  readonly bulkPingsMissedMax: number
  /** A connection that nothing comes from for so long is closed by who took it in. */
  readonly quietMs: number
  /** For what is still to be said to a member that was removed: that this was done, perhaps. */
  readonly farewellMs: number
  /** Before the first and, doubled each time, before later attempts to reach a peer. */
  readonly backoffMinMs: number
  readonly backoffMaxMs: number
}

export const peerTimes: PeerTimes = {
  dialMs: 2_000,
  pingMs: 1_000,
  pingsMissedMax: 2,
  bulkPingsMissedMax: 15,
  quietMs: 10_000,
  farewellMs: 1_000,
  backoffMinMs: 25,
  backoffMaxMs: 500,
}
