import type { Storage, StoreEvent, TxnRequest, TxnResult, WatchBatch } from "#store"
import { InvalidRequestError, type KeyValue, type Operation, type OperationResult, prefixEnd } from "#store"
import type { Sealing } from "./configuration.ts"

/** `storage` as if nothing were encrypted: what goes in is sealed, what comes out is opened, when somebody looks at it. */
export function encryptedStorage(storage: Storage, sealings: readonly Sealing[]): Storage {
  let lastKey = ""
  let lastSealing: Sealing | undefined
  // An event is seen by the watch of every resource in turn: it is looked up once.
  const sealingOf = (key: string): Sealing | undefined => {
    if (key !== lastKey) {
      lastSealing = sealings.find(({ covers }) => covers(key))
      lastKey = key
    }
    return lastSealing
  }
  const opened = (kv: KeyValue): KeyValue => {
    const sealing = sealingOf(kv.key)
    return sealing ? new OpenedKeyValue(kv, sealing) : kv
  }
  let lastBatch: WatchBatch | undefined
  let lastOpened: WatchBatch | undefined
  // So is a batch, which goes to all of these one after the other.
  const openedBatch = (batch: WatchBatch): WatchBatch => {
    if (batch !== lastBatch || !lastOpened) {
      lastOpened = { revision: batch.revision, events: batch.events.map((event) => openedEvent(event, opened)) }
      lastBatch = batch
    }
    return lastOpened
  }
  return {
    range: async (request) => {
      const result = await storage.range(request)
      if (request.keysOnly || request.countOnly) return result
      await prepared(result.kvs, sealingOf)
      return { ...result, kvs: result.kvs.map(opened) }
    },
    txn: async (request) => openedResult(await storage.txn(sealedRequest(request, sealingOf)), opened),
    watch: (request, handler) =>
      storage.watch(request, {
        onBatch: (batch) => handler.onBatch(openedBatch(batch)),
        onEnd: (error) => handler.onEnd(error),
      }),
    compact: (revision) => storage.compact(revision),
    currentRevision: () => storage.currentRevision(),
    ...(storage.confirmRead && { confirmRead: () => storage.confirmRead?.() ?? Promise.resolve() }),
    // A sealed value may need a key that is not at hand: who reads it keeps it.
    ...(storage.readerOf && {
      readerOf: (prefix: string) => (sealingOf(prefix) ? undefined : storage.readerOf?.(prefix)),
    }),
    ...(storage.compactedRevision && { compactedRevision: () => storage.compactedRevision?.() ?? 0 }),
    grantLease: (ttlSeconds, id) => storage.grantLease(ttlSeconds, id),
    keepLeaseAlive: (id) => storage.keepLeaseAlive(id),
    revokeLease: (id) => storage.revokeLease(id),
    close: () => storage.close(),
  }
}

/** Waits for keys that are kept elsewhere and not at hand; where all are, nothing is waited for. */
function prepared(
  kvs: readonly KeyValue[],
  sealingOf: (key: string) => Sealing | undefined,
): Promise<unknown> | undefined {
  const pending = kvs.flatMap(({ key, value }) => sealingOf(key)?.prepareOpening([value]) ?? [])
  return pending.length === 0 ? undefined : Promise.all(pending)
}

/** Every cache sees the events of all keys, and takes those of its own: a value is opened only for who reads it. */
class OpenedKeyValue implements KeyValue {
  readonly #sealed: KeyValue
  readonly #sealing: Sealing
  readonly key: string
  readonly createRevision: number
  readonly modRevision: number
  readonly version: number
  readonly lease: number

  constructor(sealed: KeyValue, sealing: Sealing) {
    this.#sealed = sealed
    this.#sealing = sealing
    this.key = sealed.key
    this.createRevision = sealed.createRevision
    this.modRevision = sealed.modRevision
    this.version = sealed.version
    this.lease = sealed.lease
  }

  get value(): Uint8Array {
    return this.#sealing.open(this.key, this.#sealed.value)
  }
}

function sealedRequest(request: TxnRequest, sealingOf: (key: string) => Sealing | undefined): TxnRequest {
  const compared = request.compare.find(({ target, key }) => target === "value" && sealingOf(key))
  if (compared) {
    throw new InvalidRequestError(
      `the value of ${compared.key} is encrypted and cannot be compared: compare its revision`,
    )
  }
  const sealed = (operation: Operation): Operation => {
    if (operation.kind !== "put") return operation
    const { key, value } = operation
    return { ...operation, value: sealingOf(key)?.seal(key, value) ?? value }
  }
  return { ...request, success: request.success.map(sealed), failure: request.failure.map(sealed) }
}

function openedEvent(event: StoreEvent, opened: (kv: KeyValue) => KeyValue): StoreEvent {
  const previous = event.previous && { previous: opened(event.previous) }
  return event.kind === "put" ? { ...event, kv: opened(event.kv), ...previous } : { ...event, ...previous }
}

function openedResult(result: TxnResult, opened: (kv: KeyValue) => KeyValue): TxnResult {
  return { ...result, results: result.results.map((each) => openedOperation(each, opened)) }
}

function openedOperation(result: OperationResult, opened: (kv: KeyValue) => KeyValue): OperationResult {
  if (result.kind === "range") return { ...result, kvs: result.kvs.map(opened) }
  if (!result.previous) return result
  if (result.kind === "put") return { ...result, previous: opened(result.previous) }
  return { ...result, previous: result.previous.map(opened) }
}

const registry = "/registry/"
/** Values that are looked at at a time: with the largest of objects some hundred megabytes, with usual ones one. */
const pageSize = 200
/** Keys that are looked at at a time. Each page counts all that are behind it, so of many small ones most of the work is that. */
const keyPageSize = 10_000

/**
 * Reads every covered value and writes those anew that are not as they would be written now: sealed under an older key,
 * or not at all. Throws at the first that cannot be read, so that a server with a wrong key does not start.
 */
export async function reencrypt(storage: Storage, sealings: readonly Sealing[]): Promise<{ rewritten: number }> {
  let rewritten = 0
  const sealingOf = (key: string): Sealing | undefined => sealings.find(({ covers }) => covers(key))
  for await (const { first, last } of coveredRuns(storage, (key) => sealingOf(key) !== undefined)) {
    const { kvs } = await storage.range({ key: first, end: `${last}\0` })
    await prepared(kvs, sealingOf)
    for (const kv of kvs) if (await resealed(storage, kv, sealingOf(kv.key))) rewritten += 1
  }
  return { rewritten }
}

interface Run {
  readonly first: string
  readonly last: string
}

/** Keys that are covered and follow each other, so that values of others, which are most, are not read. */
async function* coveredRuns(storage: Storage, covers: (key: string) => boolean): AsyncGenerator<Run, void> {
  let from = registry
  for (;;) {
    const { kvs, more } = await storage.range({
      key: from,
      end: prefixEnd(registry),
      limit: keyPageSize,
      keysOnly: true,
    })
    yield* runsOf(
      kvs.map(({ key }) => key),
      covers,
    )
    const last = kvs.at(-1)
    if (!more || !last) return
    from = `${last.key}\0`
  }
}

/** Pure: runs of at most `pageSize` keys. */
function runsOf(keys: readonly string[], covers: (key: string) => boolean): Run[] {
  const runs: { first: string; last: string }[] = []
  let length = 0
  for (const key of keys) {
    const run = runs.at(-1)
    if (!covers(key)) length = 0
    else if (run && length > 0 && length < pageSize) {
      run.last = key
      length++
    } else {
      runs.push({ first: key, last: key })
      length = 1
    }
  }
  return runs
}

async function resealed(storage: Storage, kv: KeyValue, sealing: Sealing | undefined): Promise<boolean> {
  if (!sealing) return false
  const { key, value, modRevision, lease } = kv
  const plain = sealing.open(key, value)
  if (sealing.isCurrent(value)) return false
  await sealing.prepareSealing()
  // Who writes it meanwhile writes it under the present key.
  const { succeeded } = await storage.txn({
    compare: [{ key, target: "mod", op: "=", value: modRevision }],
    success: [{ kind: "put", key, value: sealing.seal(key, plain), lease }],
    failure: [],
  })
  return succeeded
}
