import { type RangeAnswer, type RangeMessage, sortOrder, sortTarget } from "#etcd-wire"
import type { KeyValue, RangeRequest, RangeResult } from "#store"
import { refuse } from "../etcd-error.ts"

const noValue: Uint8Array = new Uint8Array(0)

/** `""` is no end; the store's own word for "no upper end" is etcd's. */
export function endOf(rangeEnd: string): { readonly end?: string } {
  return rangeEnd === "" ? {} : { end: rangeEnd }
}

/** A count or revision as the store takes it: below 0 is as 0, and what is beyond 2^53 is as far away as that. */
export function whole(value: number): number {
  return Math.min(Math.max(value, 0), Number.MAX_SAFE_INTEGER)
}

/** Throws EtcdError when the request makes no sense. */
export function checkRange(request: RangeMessage): void {
  if (request.key === "") throw refuse("emptyKey")
  const knownOrder = Object.values<number>(sortOrder).includes(request.sortOrder)
  if (!knownOrder || !Object.values<number>(sortTarget).includes(request.sortTarget)) throw refuse("invalidSort")
}

/** What the store is asked: it knows no sorting and no filters, so with these it is asked for everything. */
export function toRange(request: RangeMessage): RangeRequest {
  const { key, rangeEnd, revision, serializable, countOnly } = request
  const limit = whole(request.limit)
  return {
    key,
    ...endOf(rangeEnd),
    revision: whole(revision),
    serializable,
    countOnly,
    keysOnly: request.keysOnly && !isSortedByValue(request),
    limit: isWholeNeeded(request) ? 0 : limit > 0 && request.sortTarget !== sortTarget.key ? limit + 1 : limit,
  }
}

/** The store's result filtered, sorted and cut, in this order. `count` is of all keys in the interval, as etcd's is. */
export function toRangeAnswer(request: RangeMessage, result: RangeResult): RangeAnswer {
  const { count } = result
  const limit = whole(request.limit)
  let { kvs, more } = result
  if (isWholeNeeded(request) || request.sortTarget !== sortTarget.key) {
    kvs = sorted(request, filtered(request, kvs))
    more = limit > 0 && kvs.length > limit
    if (more) kvs = kvs.slice(0, limit)
  }
  if (request.keysOnly) kvs = kvs.map((kv) => ({ ...kv, value: noValue }))
  return { kvs, count, more }
}

function isWholeNeeded(request: RangeMessage): boolean {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request
  const filters = minModRevision !== 0 || maxModRevision !== 0 || minCreateRevision !== 0 || maxCreateRevision !== 0
  return filters || request.sortOrder !== sortOrder.none
}

function isSortedByValue({ sortTarget: target }: RangeMessage): boolean {
  return target === sortTarget.value
}

function filtered(request: RangeMessage, kvs: readonly KeyValue[]): readonly KeyValue[] {
  const { minModRevision, maxModRevision, minCreateRevision, maxCreateRevision } = request
  return kvs.filter(
    ({ modRevision, createRevision }) =>
      (maxModRevision === 0 || modRevision <= maxModRevision) &&
      (minModRevision === 0 || modRevision >= minModRevision) &&
      (maxCreateRevision === 0 || createRevision <= maxCreateRevision) &&
      (minCreateRevision === 0 || createRevision >= minCreateRevision),
  )
}

function sorted(request: RangeMessage, kvs: readonly KeyValue[]): readonly KeyValue[] {
  const { sortTarget: target, sortOrder: order } = request
  const direction = order === sortOrder.descending ? -1 : 1
  // Keys come in order already.
  if (target === sortTarget.key) return direction === 1 ? kvs : kvs.toReversed()
  const compare = comparators[target] ?? (() => 0)
  return kvs.toSorted((a, b) => direction * compare(a, b))
}

const comparators: Readonly<Record<number, (a: KeyValue, b: KeyValue) => number>> = {
  [sortTarget.version]: (a, b) => a.version - b.version,
  [sortTarget.create]: (a, b) => a.createRevision - b.createRevision,
  [sortTarget.mod]: (a, b) => a.modRevision - b.modRevision,
  [sortTarget.value]: (a, b) => Buffer.compare(a.value, b.value),
}
