/** What was written is in the archive after at most this, and the time of one upload. */
export const archiveIntervalMs = 20_000
/** Bytes of records after which a file is ended and the next begun; more only when one revision is larger. */
export const fileSizeSoft = 4 * 1024 * 1024
/** Most bytes of records in one file: what a reader makes room for, whatever a file says. */
export const fileSizeMax = 512 * 1024 * 1024
/** Bytes that say what a file is. */
export const headerSizeMax = 64 * 1024
/** Changes read at once, before others get their turn. */
export const sliceSizeMax = 256
/** One call to where the backup is kept. */
export const callTimeoutMs = 60_000
/** Time until what failed is tried again: doubled each time, up to the second. */
export const retryMinMs = 1_000
export const retryMaxMs = 30_000
/** Time that an orderly stop waits for the last changes to be archived. */
export const lastArchiveMs = 10_000
/** Added to the revision of a restored store, as etcd's documentation advises: more than can have been written since. */
export const revisionBumpDefault = 1_000_000_000
/** Added to the last lease that the store itself had chosen the number of. */
export const leaseIdBump = 1_000_000
/** Seconds of a lease that was granted and ended between two archived moments, when a restore is to between them. */
export const unknownLeaseSeconds = 60
