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

/**
 * Reads every covered value and writes those anew that are not as they would be written now: sealed under an older key,
 * or not at all. Throws at the first that cannot be read, so that a server with a wrong key does not start.
 */
export async function reencrypt(storage: Storage, sealings: readonly Sealing[]): Promise<{ rewritten: number }> {
  let rewritten = 0
  let from = registry
  for (;;) {
    const { kvs, more } = await storage.range({ key: from, end: prefixEnd(registry), limit: pageSize })
    await prepared(kvs, (key) => sealings.find(({ covers }) => covers(key)))
    for (const { key, value, modRevision, lease } of kvs) {
      const sealing = sealings.find(({ covers }) => covers(key))
      if (!sealing) continue
      const plain = sealing.open(key, value)
      if (sealing.isCurrent(value)) continue
      await sealing.prepareSealing()
      // Who writes it meanwhile writes it under the present key.
      const { succeeded } = await storage.txn({
        compare: [{ key, target: "mod", op: "=", value: modRevision }],
        success: [{ kind: "put", key, value: sealing.seal(key, plain), lease }],
        failure: [],
      })
      if (succeeded) rewritten += 1
    }
    const last = kvs.at(-1)
    if (!more || !last) return { rewritten }
    from = `${last.key}\0`
  }
}
