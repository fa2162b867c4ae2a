import { assert } from "@wick/sdk/assert"
import type { Cluster } from "./cluster.ts"
import type { Command } from "./command.ts"
import type {
  Beside,
  KeptSlice,
  LeaseState,
  MemberStatus,
  MemberStorage,
  NestedTxn,
  NestedTxnResult,
  Note,
  StateSizes,
  SyncedWatch,
} from "./member-storage.ts"
import type { Mvcc, Outcome } from "./mvcc.ts"
import { errorOfRefusal, type Refusal } from "./refusal.ts"
import { refuseLease, refuseNote, refuseNumber, refuseRange, refuseTxn, refuseWatch } from "./request-check.ts"
import type {
  RangeRequest,
  RangeResult,
  TxnRequest,
  TxnResult,
  ValueReader,
  WatchHandler,
  WatchRequest,
} from "./storage.ts"
import type { WatchHub } from "./watch-hub.ts"

/** What makes one `Storage` differ from another: how a command becomes part of the log, and when a read is not stale. */
export interface Replication {
  /** Resolves when the command is durable and applied. Rejects only for reasons outside the state machine. */
  propose(command: Command): Promise<Outcome>
  /** Undefined when applied state is known to hold every acknowledged write; else resolves when it does. */
  confirmRead(): Promise<void> | undefined
  /** Store time now, by which deadlines of leases are told. */
  storeTimeMs(): number
  /** Where the log is, and what the state takes on disk. */
  position(): Omit<MemberStatus, "compactRevision" | "keys">
  sizes(): StateSizes
  readonly cluster: Cluster
  /** Why nothing is answered any more; undefined while it is. */
  readonly stopped: Error | undefined
  /** The state could not be read: where what is kept is damaged, nothing more of it is answered. */
  unreadable?(error: Error): void
  close(): Promise<void>
}

/** The storage that callers see, over a state machine, its watchers and whatever replicates it. */
export class StorageFront implements MemberStorage {
  readonly #mvcc: Mvcc
  readonly #hub: WatchHub
  readonly #replication: Replication

  constructor(mvcc: Mvcc, hub: WatchHub, replication: Replication) {
    this.#mvcc = mvcc
    this.#hub = hub
    this.#replication = replication
  }

  /** Not `async`: where nobody has to be asked, as is usual, its answer and one promise are all that a read makes. */
  range(request: RangeRequest): Promise<RangeResult> {
    try {
      throwIfRefused(refuseRange(request))
      const confirmed = request.serializable ? undefined : this.#replication.confirmRead()
      if (confirmed !== undefined) return confirmed.then(() => this.#rangeNow(request))
      return Promise.resolve(this.#rangeNow(request))
    } catch (error) {
      return Promise.reject(error)
    }
  }

  #rangeNow(request: RangeRequest): RangeResult {
    if (this.#replication.stopped !== undefined) throw this.#replication.stopped
    const result = this.#read(() => this.#mvcc.range(request))
    if ("reason" in result) throw errorOfRefusal(result)
    return result
  }

  async txn(request: TxnRequest): Promise<TxnResult> {
    const { results, ...rest } = await this.transact(request)
    return { ...rest, results: results.filter((result) => result.kind !== "txn") }
  }

  async transact(request: NestedTxn): Promise<NestedTxnResult> {
    throwIfRefused(refuseTxn(request))
    const outcome = await this.#propose({ kind: "txn", request })
    assert(outcome.kind === "txn", "a transaction is answered as one")
    return outcome.result
  }

  watch(request: WatchRequest, handler: WatchHandler): SyncedWatch {
    throwIfRefused(refuseWatch(request))
    return this.#hub.watch(request, handler)
  }

  async compact(revision: number): Promise<void> {
    throwIfRefused(refuseNumber("revision", revision))
    await this.#propose({ kind: "compact", revision })
  }

  currentRevision(): number {
    return this.#mvcc.revision
  }

  async grantLease(ttlSeconds: number, id = 0): Promise<{ id: number; ttlSeconds: number }> {
    throwIfRefused(refuseLease(ttlSeconds, id))
    const outcome = await this.#propose({ kind: "grant", id, ttlSeconds })
    assert(outcome.kind === "lease", "a grant is answered with the lease")
    return { id: outcome.lease.id, ttlSeconds: outcome.lease.ttlSeconds }
  }

  async keepLeaseAlive(id: number): Promise<{ ttlSeconds: number }> {
    throwIfRefused(refuseNumber("lease", id))
    const outcome = await this.#propose({ kind: "renew", id })
    assert(outcome.kind === "lease", "a renewal is answered with the lease")
    return { ttlSeconds: outcome.lease.ttlSeconds }
  }

  async revokeLease(id: number): Promise<void> {
    throwIfRefused(refuseNumber("lease", id))
    await this.#propose({ kind: "revoke", id })
  }

  async confirmRead(): Promise<void> {
    const confirmed = this.#replication.confirmRead()
    if (confirmed !== undefined) await confirmed
    if (this.#replication.stopped !== undefined) throw this.#replication.stopped
  }

  readerOf(): ValueReader {
    return (key, modRevision) => {
      if (this.#replication.stopped !== undefined) throw this.#replication.stopped
      return this.#read(() => this.#mvcc.valueOf(key, modRevision))
    }
  }

  compactedRevision(): number {
    return this.#mvcc.compactRevision
  }

  leases(): readonly LeaseState[] {
    return this.#mvcc.leaseStates(this.#replication.storeTimeMs())
  }

  lease(id: number): LeaseState | undefined {
    return this.#mvcc.leaseState(id, this.#replication.storeTimeMs())
  }

  kept(revision: number, changesMax: number): KeptSlice {
    return this.#read(() => this.#mvcc.kept(revision, changesMax))
  }

  latest(revision: number, changesMax: number): KeptSlice {
    return this.#read(() => this.#mvcc.latest(revision, changesMax))
  }

  beside(): Beside {
    return this.#mvcc.beside()
  }

  note(name: string): Note {
    return this.#mvcc.note(name)
  }

  async setNote(name: string, value: Uint8Array, expected: number): Promise<void> {
    throwIfRefused(refuseNote(name, value))
    await this.#propose({ kind: "note", name, value, expected })
  }

  get cluster(): Cluster {
    return this.#replication.cluster
  }

  status(): MemberStatus {
    const { compactRevision, keys } = this.#mvcc
    return { compactRevision, keys, ...this.#replication.position() }
  }

  sizes(): StateSizes {
    return this.#replication.sizes()
  }

  close(): Promise<void> {
    return this.#replication.close()
  }

  #read<T>(look: () => T): T {
    try {
      return look()
    } catch (error) {
      this.#replication.unreadable?.(error as Error)
      throw this.#replication.stopped ?? error
    }
  }

  async #propose(command: Command): Promise<Outcome> {
    const outcome = await this.#replication.propose(command)
    if (outcome.kind === "refused") throw errorOfRefusal(outcome.refusal)
    return outcome
  }
}

function throwIfRefused(refusal: Refusal | undefined): void {
  if (refusal !== undefined) throw errorOfRefusal(refusal)
}
