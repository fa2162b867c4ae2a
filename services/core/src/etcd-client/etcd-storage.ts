import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import {
  compactionRequest,
  GrpcError,
  grantRequest,
  grantResponse,
  headerResponse,
  keepAliveRequest,
  keepAliveResponse,
  type Message,
  type Read,
  rangeRequest,
  rangeResponse,
  revokeRequest,
  txnRequest,
  txnResponse,
} from "#etcd-wire"
import {
  CompactedError,
  errorOfRefusal,
  LeaseExistsError,
  LeaseNotFoundError,
  type RangeRequest,
  type RangeResult,
  refuseLease,
  refuseNumber,
  refuseRange,
  refuseTxn,
  refuseWatch,
  StoppedError,
  type Storage,
  type TxnRequest,
  type TxnResult,
  UnavailableError,
  type Watch,
  type WatchHandler,
  type WatchRequest,
} from "#store"
import { errorOfAnswer } from "./answer-error.ts"
import { call } from "./call.ts"
import { Feed } from "./feed.ts"
import { type CompactionPeer, HistoryCompactor } from "./history-compactor.ts"
import type { KeyPrefix } from "./key-prefix.ts"
import { hasWritten, rangeMessage, rangeResult, txnMessage, txnResult } from "./kv-messages.ts"
import { callTimeoutMs, pageKeys } from "./limits.ts"
import type { Link } from "./link.ts"
import type { Upstream } from "./upstream.ts"

/** The key by which the API servers of one etcd agree who compacts, as kube-apiserver names it. */
const compactionKey = "compact_rev_key"

/** Ids are chosen here, as etcd's own are larger than a number can hold. */
const leaseIdBound = 2 ** 47

// biome-ignore lint/suspicious/noExplicitAny: any request and any answer
type AnyMessage = Message<any>

export interface EtcdStorageParts {
  readonly link: Link
  readonly upstream: Upstream
  readonly prefix: KeyPrefix
  readonly clock: Clock
  readonly random: Random
}

/** `Storage` on etcd: what is asked is asked of etcd, and what etcd says it has done is answered when our watches know. */
export class EtcdStorage implements Storage, CompactionPeer {
  readonly #parts: EtcdStorageParts
  readonly #feed: Feed
  /** Oldest revision that can be read, as far as this process knows. */
  #compactRevision = 0
  #compactor: HistoryCompactor | undefined
  #stopped: StoppedError | undefined

  constructor(parts: EtcdStorageParts) {
    this.#parts = parts
    this.#feed = new Feed(parts.upstream, parts.prefix, parts.clock, () => this.#present())
  }

  /** Throws when etcd does not answer, or refuses. */
  async begin(): Promise<void> {
    this.#feed.begin(await this.#present())
  }

  async range(request: RangeRequest): Promise<RangeResult> {
    const refusal = refuseRange(request)
    if (refusal !== undefined) throw errorOfRefusal(refusal)
    if (request.end === undefined || request.countOnly || (request.limit ?? 0) > 0) return this.#page(request)
    return this.#pages(request)
  }

  async txn(request: TxnRequest): Promise<TxnResult> {
    const refusal = refuseTxn(request)
    if (refusal !== undefined) throw errorOfRefusal(refusal)
    const { prefix } = this.#parts
    const message = txnMessage(prefix, request)
    const result = txnResult(prefix, await this.#call("KV/Txn", txnRequest, txnResponse, message, false))
    if (hasWritten(result)) await this.#told(result.revision)
    return result
  }

  watch(request: WatchRequest, handler: WatchHandler): Watch {
    const refusal = refuseWatch(request)
    if (refusal !== undefined) throw errorOfRefusal(refusal)
    return this.#feed.watch(request, handler)
  }

  async compact(revision: number): Promise<void> {
    const refusal = refuseNumber("revision", revision)
    if (refusal !== undefined) throw errorOfRefusal(refusal)
    // To forget twice is refused, and changes nothing.
    await this.#call("KV/Compact", compactionRequest, headerResponse, { revision }, false)
    this.#compactRevision = Math.max(this.#compactRevision, revision)
  }

  currentRevision(): number {
    return this.#feed.revision
  }

  async grantLease(ttlSeconds: number, id = 0): Promise<{ id: number; ttlSeconds: number }> {
    const refusal = refuseLease(ttlSeconds, id)
    if (refusal !== undefined) throw errorOfRefusal(refusal)
    for (;;) {
      const wanted = id === 0 ? 1 + this.#parts.random.below(leaseIdBound) : id
      try {
        const request = { id: wanted, ttl: ttlSeconds }
        const { ttl } = await this.#call("Lease/LeaseGrant", grantRequest, grantResponse, request, false)
        return { id: wanted, ttlSeconds: ttl }
      } catch (error) {
        if (id !== 0 || !(error instanceof LeaseExistsError)) throw error
      }
    }
  }

  async keepLeaseAlive(id: number): Promise<{ ttlSeconds: number }> {
    const refusal = refuseNumber("lease", id)
    if (refusal !== undefined) throw errorOfRefusal(refusal)
    const { ttl } = await this.#call("Lease/LeaseKeepAlive", keepAliveRequest, keepAliveResponse, { id }, true)
    if (ttl <= 0) throw new LeaseNotFoundError(`lease ${id} does not exist or is over`)
    return { ttlSeconds: ttl }
  }

  async revokeLease(id: number): Promise<void> {
    const refusal = refuseNumber("lease", id)
    if (refusal !== undefined) throw errorOfRefusal(refusal)
    await this.#call("Lease/LeaseRevoke", revokeRequest, headerResponse, { id }, false)
  }

  async claim(version: number, revision: number): Promise<{ claimed: boolean; version: number; revision: number }> {
    const target = { version: 0, result: 0, target: 0 }
    const answer = await this.#call(
      "KV/Txn",
      txnRequest,
      txnResponse,
      {
        compare: [{ ...target, key: compactionKey, version }],
        success: [{ put: { key: compactionKey, value: Buffer.from(String(revision)) } }],
        failure: [{ range: { key: compactionKey } }],
      },
      false,
    )
    const seen = answer.responses[0]?.range?.kvs?.[0]?.version ?? 0
    const now = answer.succeeded ? version + 1 : seen
    return { claimed: answer.succeeded, version: now, revision: answer.header?.revision ?? 0 }
  }

  /** From now on forgets history that is old, until it is closed. */
  compactRegularly(log: Log): void {
    this.#compactor = new HistoryCompactor(this, this.#parts.clock, log)
  }

  async close(): Promise<void> {
    if (this.#stopped !== undefined) return
    this.#stopped = new StoppedError("the store is closed")
    this.#compactor?.stop()
    this.#feed.end(this.#stopped)
    this.#parts.upstream.close()
    this.#parts.link.close()
  }

  /** All of an interval, a page at a time, as of one revision. */
  async #pages(request: RangeRequest): Promise<RangeResult> {
    const first = await this.#page({ ...request, limit: pageKeys })
    if (!first.more) return first
    const kvs = [...first.kvs]
    const { revision } = first
    for (let page = first; page.more; ) {
      const key = `${page.kvs.at(-1)?.key}\0`
      page = await this.#page({ ...request, key, revision: request.revision || revision, limit: pageKeys })
      for (const kv of page.kvs) kvs.push(kv)
    }
    return { kvs, count: first.count, more: false, revision }
  }

  async #page(request: RangeRequest): Promise<RangeResult> {
    const { prefix } = this.#parts
    return rangeResult(
      prefix,
      await this.#call("KV/Range", rangeRequest, rangeResponse, rangeMessage(prefix, request), true, request.revision),
    )
  }

  async #present(): Promise<number> {
    const request = { key: this.#parts.prefix.into("\0"), countOnly: true }
    return (await this.#call("KV/Range", rangeRequest, rangeResponse, request, true)).header?.revision ?? 0
  }

  /** A write is answered when the watches of this process know of it: what is read from a cache then holds it. */
  async #told(revision: number): Promise<void> {
    const told = this.#feed.toldOf(revision)
    if (told === undefined) return
    const late = Promise.withResolvers<never>()
    const timer = this.#parts.clock.timer(callTimeoutMs, () => {
      late.reject(new UnavailableError(`revision ${revision} is written, but the watch that tells of it is broken`))
    })
    try {
      await Promise.race([told, late.promise])
    } finally {
      timer.cancel()
    }
  }

  async #call<Request extends AnyMessage, Answer extends AnyMessage>(
    method: string,
    request: Request,
    answer: Answer,
    given: Parameters<Request["encode"]>[0],
    repeatable: boolean,
    revision = 0,
  ): Promise<Read<Answer>> {
    if (this.#stopped !== undefined) throw this.#stopped
    const bytes = request.encode(given)
    try {
      const { link, clock } = this.#parts
      return answer.decode(await call(link, clock, method, bytes, { repeatable })) as Read<Answer>
    } catch (error) {
      if (!(error instanceof GrpcError)) throw error
      const named = errorOfAnswer(error, Math.max(this.#compactRevision, revision + 1))
      if (named instanceof CompactedError) this.#compactRevision = named.compactRevision
      throw named
    }
  }
}
