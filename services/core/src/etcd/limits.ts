import { requestSizeMax } from "#store"

/** Largest message that is taken in, in bytes: a request of the largest allowed size and what frames it. */
export const messageSizeMax = requestSizeMax + 512 * 1024
/** A watch response with more bytes of events than this is sent in several, to those who asked for fragments. */
export const fragmentSizeMax = requestSizeMax + 512 * 1024
/** Largest answer, in bytes of keys and values: it is held whole while it is sent. Page with a limit beyond. */
export const answerSizeMax = 512 * 1024 * 1024
/** Bytes of a snapshot sent as one message. */
export const snapshotChunkSize = 32 * 1024
/** Changes read at once while all that is kept is gone through, before others get their turn. */
export const scanSliceMax = 256
/** Leases shorter than this many seconds last this long, as etcd's do with its usual election timeout. */
export const leaseSecondsMin = 2
/** Longest lease in seconds, as etcd's. */
export const leaseSecondsMax = 9_000_000_000
/** A watch that asked for it is told that nothing has happened for so long. */
export const progressIntervalMs = 10 * 60 * 1000
/** Time for which a token of a user is good after it was last used. */
export const tokenLifetimeMs = 5 * 60 * 1000
/** Tokens that are good at the same time; the one used longest ago ends when there are more. */
export const tokensMax = 10_000
/** Watches on one stream. */
export const watchesPerStreamMax = 10_000
/** Bytes that wait for a client of a stream to read them, beyond which it is told no more: one event for some thousand watches. */
export const unreadSizeMax = 1024 * 1024
