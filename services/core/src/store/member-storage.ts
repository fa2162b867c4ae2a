import type { Cluster } from "./cluster.ts"
import type {
  Compare,
  KeyValue,
  Operation,
  OperationResult,
  Storage,
  TxnRequest,
  TxnResult,
  Watch,
  WatchHandler,
  WatchRequest,
} from "./storage.ts"

/** A transaction among whose operations are others. All their compares see the state before the outermost one. */
export interface NestedTxn {
  readonly compare: readonly Compare[]
  readonly success: readonly NestedOperation[]
  readonly failure: readonly NestedOperation[]
}

export type NestedOperation = Operation | ({ readonly kind: "txn" } & NestedTxn)

export interface NestedTxnResult {
  readonly succeeded: boolean
  readonly results: readonly NestedResult[]
  readonly revision: number
}

export type NestedResult = OperationResult | ({ readonly kind: "txn" } & NestedTxnResult)

export interface SyncedWatch extends Watch {
  /** Whether it has been told of everything up to the current revision. */
  readonly synced: boolean
}

export interface LeaseState {
  readonly id: number
  readonly ttlSeconds: number
  readonly remainingMs: number
  /** In order. */
  readonly keys: readonly string[]
}

/** A change as it is kept, with its place in its revision; `version` 0 of its key-value is a tombstone. */
export interface KeptChange {
  readonly sub: number
  readonly kv: KeyValue
}

export interface KeptSlice {
  readonly changes: readonly KeptChange[]
  /** Revision from which the next slice goes on; undefined: there is nothing more. */
  readonly next: number | undefined
}

/** A small named document beside the keys: replicated and durable as they are, without revisions and watches. */
export interface Note {
  /** Writes so far, from 1; 0 of one that was never written. */
  readonly version: number
  readonly value: Uint8Array
}

/** What a store keeps beside keys and their history. */
export interface Beside {
  readonly leases: readonly { readonly id: number; readonly ttlSeconds: number }[]
  /** From here on the store chooses the ids of leases itself. */
  readonly lastLeaseId: number
  readonly notes: ReadonlyMap<string, Note>
}

export interface MemberStatus {
  readonly compactRevision: number
  /** Position in Raft's log. */
  readonly index: number
  readonly appliedIndex: number
  readonly term: number
  /** False from when its disk was too full for something that it was to take in, until there is space again. */
  readonly hasSpace: boolean
  readonly keys: number
}

/** Bytes of the state on disk, and those of them that hold something. */
export interface StateSizes {
  readonly size: number
  readonly sizeInUse: number
}

/**
 * What a member of our own can do beyond `Storage`: all that etcd's API asks of one. Whoever needs only to keep things
 * takes `Storage`.
 */
export interface MemberStorage extends Storage {
  readonly cluster: Cluster
  txn(request: TxnRequest): Promise<TxnResult>
  transact(request: NestedTxn): Promise<NestedTxnResult>
  watch(request: WatchRequest, handler: WatchHandler): SyncedWatch
  /** Resolves when this member's state holds all that was acknowledged before the call. */
  confirmRead(): Promise<void>
  leases(): readonly LeaseState[]
  lease(id: number): LeaseState | undefined
  /** What is kept of history from `revision` on, in order: whole revisions, about `changesMax` changes. */
  kept(revision: number, changesMax: number): KeptSlice
  /**
   * As `kept`, but only what is the latest of its key: what is deleted or written again by now is left out. Whoever
   * reads all slices of it, and then every change since the first, has the state, whatever was compacted meanwhile.
   */
  latest(revision: number, changesMax: number): KeptSlice
  /** As it is at this moment. */
  beside(): Beside
  note(name: string): Note
  /** Throws NoteChangedError unless the note's version is `expected`. */
  setNote(name: string, value: Uint8Array, expected: number): Promise<void>
  status(): MemberStatus
  /** Asks the disk's own books, which is dear: not for every call. */
  sizes(): StateSizes
}
