/** Time for an endpoint to accept a connection and speak HTTP/2: one that is frozen does the first alone. */
export const connectTimeoutMs = 3_000
/** Time for one answer. etcd itself gives up after seven seconds with its usual election timeout, and then says so. */
export const callTimeoutMs = 10_000
/** A connection is asked whether it lives so often; etcd closes one that asks more often than every five seconds. */
export const pingIntervalMs = 10_000
export const pingTimeoutMs = 3_000
/** Between attempts to have the watches back: doubled each time, up to the second. */
export const retryMinMs = 20
export const retryMaxMs = 5_000
/** Keys read with one call; a longer interval is read in several, as of one revision. */
export const pageKeys = 1_000
/** Largest answer that is taken, in bytes: a page of large values, or a watch's events that etcd does not cut. */
export const answerSizeMax = 1024 * 1024 * 1024
/** Bytes that etcd may send before they are taken, of a stream and of the connection. */
export const windowSize = 4 * 1024 * 1024
/** Events kept for a watch that reads history, until it meets the present; beyond, it reads these from history too. */
export const pendingEventsMax = 10_000
