/**
 * What the API server needs of a store: etcd's semantics, called in process. Our MVCC store on Raft implements it; a
 * client of an existing etcd may too. One contract suite (`storage.contract.ts`) is run by every maker.
 *
 * Keys are *byte strings*: JavaScript strings in which each character is one byte (0–255), so that `<` on two keys is
 * etcd's byte order and a key works in a Map. Revisions are whole numbers that grow by one with every write
 * transaction; 0 means "now" in a request and "never" in a reply.
 */
export interface KeyValue {
  readonly key: string
  /** The store's own bytes, shared by all who read them: never change them. */
  readonly value: Uint8Array
  /** Revision at which the key was made (anew). */
  readonly createRevision: number
  /** Revision of the latest change. */
  readonly modRevision: number
  /** Writes since creation, from 1. */
  readonly version: number
  /** Lease that the key dies with; 0 is none. */
  readonly lease: number
}

export interface RangeRequest {
  readonly key: string
  /** Absent: the one key. Else the half-open interval [key, end); `"\0"` as end means every key ≥ `key`. */
  readonly end?: string
  /** Read the past as of this revision; throws CompactedError or FutureRevisionError when it cannot be. */
  readonly revision?: number
  readonly limit?: number
  readonly keysOnly?: boolean
  readonly countOnly?: boolean
  /** Read this member's applied state without asking for leadership first. */
  readonly serializable?: boolean
}

export interface RangeResult {
  readonly kvs: readonly KeyValue[]
  /** Keys in the interval, whatever the limit. */
  readonly count: number
  readonly more: boolean
  /** Revision of the store when it answered. */
  readonly revision: number
}

type Comparison = "=" | "!=" | "<" | ">"

/** With `end` every key of the interval has to compare so; an interval without a key compares as a key that is not there. */
export type Compare =
  | {
      readonly key: string
      readonly end?: string
      readonly target: "version" | "create" | "mod" | "lease"
      readonly op: Comparison
      readonly value: number
    }
  | {
      readonly key: string
      readonly end?: string
      readonly target: "value"
      readonly op: Comparison
      readonly value: Uint8Array
    }

export type Operation =
  | {
      readonly kind: "put"
      readonly key: string
      readonly value: Uint8Array
      readonly lease?: number
      readonly previous?: boolean
      /** The key keeps its value, whatever `value` says; throws KeyNotFoundError when it has none. */
      readonly keepValue?: boolean
      /** The same of its lease. */
      readonly keepLease?: boolean
    }
  | { readonly kind: "delete"; readonly key: string; readonly end?: string; readonly previous?: boolean }
  | ({ readonly kind: "range" } & RangeRequest)

export interface TxnRequest {
  readonly compare: readonly Compare[]
  readonly success: readonly Operation[]
  readonly failure: readonly Operation[]
}

export type OperationResult =
  | { readonly kind: "put"; readonly previous?: KeyValue }
  | { readonly kind: "delete"; readonly deleted: number; readonly previous?: readonly KeyValue[] }
  | ({ readonly kind: "range" } & RangeResult)

export interface TxnResult {
  readonly succeeded: boolean
  readonly results: readonly OperationResult[]
  readonly revision: number
}

export type StoreEvent =
  | { readonly kind: "put"; readonly kv: KeyValue; readonly previous?: KeyValue }
  | { readonly kind: "delete"; readonly key: string; readonly modRevision: number; readonly previous?: KeyValue }

/** All events of one or more whole revisions, in order; never part of a revision. No events: a progress notice. */
export interface WatchBatch {
  readonly revision: number
  readonly events: readonly StoreEvent[]
}

export interface WatchRequest {
  readonly key: string
  readonly end?: string
  /** First revision wanted; 0 or absent: the next write. */
  readonly fromRevision?: number
  readonly previous?: boolean
}

/**
 * A watch calls `onBatch` in order of revision, without a gap and without a repeat, or ends with `onEnd` saying why
 * (CompactedError when `fromRevision` is gone). `onBatch` must not block; a watcher that needs more time queues for
 * itself. `close` ends it silently.
 */
export interface WatchHandler {
  onBatch(batch: WatchBatch): void
  onEnd(error: Error): void
}

export interface Watch {
  close(): void
}

/** The value that a key got at a revision. Undefined: that is compacted. Throws StoppedError. */
export type ValueReader = (key: string, modRevision: number) => Uint8Array | undefined

export interface Storage {
  range(request: RangeRequest): Promise<RangeResult>
  /**
   * Resolves only when the write is durable, and watchers have been told. Throws NoSpaceError, NotLeaderError,
   * TooLargeError, OverloadedError, LeaseNotFoundError, InvalidRequestError: nothing was written. After UnavailableError and
   * StoppedError the write may or may not have been made, or may still be.
   */
  txn(request: TxnRequest): Promise<TxnResult>
  watch(request: WatchRequest, handler: WatchHandler): Watch
  /** Forgets history before `revision`; reads and watches below it throw CompactedError. */
  compact(revision: number): Promise<void>
  /** Revision applied on this member, without I/O. */
  currentRevision(): number
  /**
   * Resolves when what is applied here holds all that was acknowledged anywhere before the call. Throws NotLeaderError when
   * that cannot be found out. Absent: it always does.
   */
  confirmRead?(): Promise<void>
  /**
   * How values of keys under `prefix` are read at once, of this member's applied state: who has it need keep no copy of
   * them. Undefined, or absent: it takes asking somebody else.
   */
  readerOf?(prefix: string): ValueReader | undefined
  /** What was written at this revision or earlier, and again since, is forgotten. Absent where there is no reader. */
  compactedRevision?(): number
  grantLease(ttlSeconds: number, id?: number): Promise<{ id: number; ttlSeconds: number }>
  keepLeaseAlive(id: number): Promise<{ ttlSeconds: number }>
  revokeLease(id: number): Promise<void>
  close(): Promise<void>
}

export class CompactedError extends Error {
  override name = "CompactedError"
  readonly compactRevision: number
  constructor(compactRevision: number) {
    super(`required revision has been compacted; the oldest one kept is ${compactRevision}`)
    this.compactRevision = compactRevision
  }
}

export class FutureRevisionError extends Error {
  override name = "FutureRevisionError"
}

export class NoSpaceError extends Error {
  override name = "NoSpaceError"
}

/** No leader could be found in time: nothing was done, try again later or at another member. */
export class NotLeaderError extends Error {
  override name = "NotLeaderError"
}

/** It was handed on to the other members, and no answer came in time: it may have been done, or may still be. */
export class UnavailableError extends Error {
  override name = "UnavailableError"
}

export class TooLargeError extends Error {
  override name = "TooLargeError"
}

export class LeaseNotFoundError extends Error {
  override name = "LeaseNotFoundError"
}

/** More writes are waiting than the store holds: none of it was done, try again later. */
export class OverloadedError extends Error {
  override name = "OverloadedError"
}

/** A put was to keep the value or the lease of a key that is not there. */
export class KeyNotFoundError extends Error {
  override name = "KeyNotFoundError"
}

/** A note was changed by another since it was read. */
export class NoteChangedError extends Error {
  override name = "NoteChangedError"
}

export class LeaseExistsError extends Error {
  override name = "LeaseExistsError"
}

/** The request can never succeed as it is: an empty key, a key that is not a byte string, the same key put twice. */
export class InvalidRequestError extends Error {
  override name = "InvalidRequestError"
}

/** One transaction would put a key twice, or both put and delete it. */
export class DuplicateKeyError extends InvalidRequestError {
  override name = "DuplicateKeyError"
}

export class TooManyOperationsError extends InvalidRequestError {
  override name = "TooManyOperationsError"
}

/** The store was closed, or stopped itself because its disk failed; `message` says which and why. */
export class StoppedError extends Error {
  override name = "StoppedError"
}

/** This member was removed from its cluster: it serves nothing any more, also when it is started anew. */
export class RemovedError extends StoppedError {
  override name = "RemovedError"
}
