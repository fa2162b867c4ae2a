/**
 * The store made durable, and one day equal on several members: the log on disk, the applied state on disk, and the rim
 * that turns Raft's effects into writes, applications and answers.
 *
 * Invariants: a write is answered only after it is on the disk; what is applied is in the log; the state on disk is
 * that of some moment, never half of one; bytes that are not what was written are never served.
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
export { type Connect, NotSentError, type StateSource, type Transport, type TransportHandler } from "./transport.ts"
