/**
 * The store: a multi-version key-value map with transactions, leases and watches, in etcd's semantics. All of it is a
 * pure state machine of (commands so far); making those durable and equal on several members is `#replication`.
 *
 * Invariants: a revision is made by exactly one command and never changes; what a refusal refuses changes nothing; the
 * same commands give the same state everywhere; a watch has no gap and no repeat.
 *
 * May be imported by: replication (all of it), apiserver and whoever composes a server (the `Storage` interface, and
 * `createMemoryStorage` in tests). Imports nothing of core.
 */
export { ByteReader, MalformedError } from "./byte-reader.ts"
export { ByteWriter, numberSizeMax } from "./byte-writer.ts"
export * from "./cluster.ts"
export type { Command, Origin, StampedCommand } from "./command.ts"
export { decodeCommand, encodeCommand, restampCommand } from "./command-codec.ts"
export type { Version } from "./key-history.ts"
export { contains, isByteString, keyOfText, noEnd, prefixEnd } from "./key-interval.ts"
export { LeaseAlarm, StoreTime } from "./lease-alarm.ts"
export type { Lease } from "./lease-book.ts"
export type * from "./member-storage.ts"
export { createMemoryStorage } from "./memory-storage.ts"
export { type Applied, emptyPosition, Mvcc, type Outcome, type Position } from "./mvcc.ts"
export type { Change, Records, RevisionChanges } from "./records.ts"
export { errorOfRefusal } from "./refusal.ts"
export {
  operationsMax,
  refuseLease,
  refuseNumber,
  refuseRange,
  refuseTxn,
  refuseWatch,
  requestSizeMax,
} from "./request-check.ts"
export * from "./storage.ts"
export { type Replication, StorageFront } from "./storage-front.ts"
export { duplicateKey } from "./txn-effects.ts"
export { WatchHub } from "./watch-hub.ts"
