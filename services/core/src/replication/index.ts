/**
 * The store made durable, and equal on all its members: the log on disk, the applied state on disk, and the rim that turns
 * Raft's effects into writes, messages, applications and answers.
 *
 *     raft-driver ─ steps Raft, writes its log        proposals · reads ─ callers that wait
 *     applier ─ the state follows the log             forwarding ─ to the leader and from followers
 *     leadership ─ store time, the end of leases      cluster-door · cluster-operations ─ who is a member
 *     saver ─ the state is saved behind               snapshot-sender · snapshot-receiver ─ whole states
 *
 * Invariants: a write is answered only after it is on the disks of a majority; what is applied is in the log; the state on
 * disk is that of some moment, never half of one; bytes that are not what was written are never served; a write of which
 * it is said that it was not made is never made.
 *
 * Imports raft and store. May be imported by whoever composes a server.
 */
export { CorruptStateError } from "./checksum.ts"
export { DirectoryInUseError } from "./directory-lock.ts"
export { type FoundingState, foundStore } from "./found-store.ts"
export { CorruptLogError } from "./log-recovery.ts"
export type { Membership } from "./membership.ts"
export { compactionIntervalMs, type MemberParts, openMember } from "./open-member.ts"
export { openStorage, type StorageOptions } from "./open-storage.ts"
export { ForeignDirectoryError } from "./owner.ts"
export { type Connect, NotSentError, type StateSource, type Transport, type TransportHandler } from "./transport.ts"
