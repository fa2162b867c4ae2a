import type { KeyHistory, Version } from "./key-history.ts"
import type { KeyIndex } from "./key-index.ts"
import type { Refusal } from "./refusal.ts"
import type { KeyValue, RangeRequest, RangeResult } from "./storage.ts"

/** What a reader sees: the index, where the values are, and which revisions can be asked for. */
export interface View {
  readonly index: KeyIndex
  readonly revision: number
  readonly compactRevision: number
  /** `isAlone`: it is asked for by its key, and may be again. */
  bytesOf(version: Version, isAlone?: boolean): Uint8Array
}

export const emptyValue: Uint8Array = new Uint8Array(0)

export function toKeyValue(key: string, version: Version, value: Uint8Array): KeyValue {
  const { createRevision, modRevision, lease } = version
  return { key, value, createRevision, modRevision, version: version.version, lease }
}

/** Whether the revision asked for can be read; undefined when it can. 0 and absent mean now. */
export function refuseRevision(revision: number | undefined, view: View): Refusal | undefined {
  if (revision === undefined || revision === 0) return undefined
  if (revision > view.revision) return { reason: "future-revision", wanted: revision, current: view.revision }
  if (revision < view.compactRevision) return { reason: "compacted", compactRevision: view.compactRevision }
  return undefined
}

/** Reads keys in order. The revision must be readable. */
export function readRange(request: RangeRequest, view: View): RangeResult {
  return request.end === undefined ? readKey(request, view) : readInterval(request, view)
}

/** The most frequent of reads by far, so it makes nothing but its answer. */
function readKey(request: RangeRequest, view: View): RangeResult {
  const { revision } = view
  const history = view.index.get(request.key)
  const version = isPast(request, view) ? history?.at(request.revision ?? 0) : history?.latest()
  if (version === undefined) return { kvs: [], count: 0, more: false, revision }
  if (request.countOnly) return { kvs: [], count: 1, more: false, revision }
  const kv = toKeyValue(request.key, version, request.keysOnly ? emptyValue : view.bytesOf(version, true))
  return { kvs: [kv], count: 1, more: false, revision }
}

function isPast({ revision }: RangeRequest, view: View): boolean {
  return revision !== undefined && revision !== 0 && revision < view.revision
}

function readInterval(request: RangeRequest, view: View): RangeResult {
  const { limit = 0, keysOnly = false, countOnly = false } = request
  const past = isPast(request, view)
  const versionOf = past
    ? (history: KeyHistory) => history.at(request.revision ?? 0)
    : (history: KeyHistory) => history.latest()
  const kvs: KeyValue[] = []
  let count = 0
  view.index.walk(request, (history) => {
    const version = versionOf(history)
    if (version === undefined) return true
    count++
    if (countOnly || (limit > 0 && kvs.length === limit)) return true
    kvs.push(toKeyValue(history.key, version, keysOnly ? emptyValue : view.bytesOf(version)))
    return true
  })
  return { kvs, count, more: !countOnly && count > kvs.length, revision: view.revision }
}
