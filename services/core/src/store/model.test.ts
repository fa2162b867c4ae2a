import fc from "fast-check"
import { expect, it } from "vitest"
import { decodeCommand, encodeCommand } from "./command-codec.ts"
import { contains, noEnd } from "./key-interval.ts"
import { everything, Model } from "./model.ts"
import { Mvcc } from "./mvcc.ts"
import { MemoryRecords } from "./records.ts"
import { refuseTxn } from "./request-check.ts"
import type { Compare, KeyValue, Operation, RangeRequest, StoreEvent, TxnRequest, WatchRequest } from "./storage.ts"
import { WatchHub } from "./watch-hub.ts"

/** Few keys and few revisions, so that operations meet. */
const key = fc.constantFrom("a", "a/1", "a/2", "b", "b\xff", "c")
const end = fc.option(fc.constantFrom("a/", "b", "c", "d", noEnd), { nil: undefined })
const value = fc.uint8Array({ maxLength: 3 }).map((bytes) => Buffer.from(bytes))
const op = fc.constantFrom("=", "!=", "<", ">") as fc.Arbitrary<"=" | "!=" | "<" | ">">
const revision = fc.integer({ min: 0, max: 12 })

const interval = fc.record({ key, end }).map(({ key, end }) => (end === undefined ? { key } : { key, end }))
const range: fc.Arbitrary<RangeRequest> = fc
  .tuple(interval, revision, fc.nat(3), fc.boolean(), fc.boolean())
  .map(([interval, revision, limit, keysOnly, countOnly]) => ({ ...interval, revision, limit, keysOnly, countOnly }))
const put = fc.record({ kind: fc.constant("put" as const), key, value, previous: fc.boolean() })
const remove = fc
  .tuple(interval, fc.boolean())
  .map(([interval, previous]) => ({ kind: "delete" as const, ...interval, previous }))
const operation: fc.Arbitrary<Operation> = fc.oneof(
  { arbitrary: put, weight: 4 },
  remove,
  range.map((range) => ({ kind: "range" as const, ...range })),
)
const compare: fc.Arbitrary<Compare> = fc.oneof(
  fc.record({
    key,
    target: fc.constantFrom("version", "create", "mod", "lease") as fc.Arbitrary<
      "version" | "create" | "mod" | "lease"
    >,
    op,
    value: fc.nat(6),
  }),
  fc.record({ key, target: fc.constant("value" as const), op, value }),
)
const branch = fc.array(operation, { maxLength: 3 })
const txn: fc.Arbitrary<TxnRequest> = fc.record({
  compare: fc.array(compare, { maxLength: 2 }),
  success: branch,
  failure: branch,
})

type Step =
  | { readonly kind: "txn"; readonly request: TxnRequest }
  | { readonly kind: "range"; readonly request: RangeRequest }
  | { readonly kind: "compact"; readonly revision: number }
const step: fc.Arbitrary<Step> = fc.oneof(
  { arbitrary: fc.record({ kind: fc.constant("txn" as const), request: txn }), weight: 6 },
  { arbitrary: fc.record({ kind: fc.constant("range" as const), request: range }), weight: 3 },
  { arbitrary: fc.record({ kind: fc.constant("compact" as const), revision }), weight: 1 },
)

/** Buffers and arrays of the same bytes are the same here. */
function plain(result: unknown): unknown {
  return JSON.parse(JSON.stringify(result, (_key, item) => (item instanceof Uint8Array ? [...item] : item)))
}

function refusalName(refusal: { readonly reason: string }): string {
  return refusal.reason === "future-revision" ? "future" : refusal.reason
}

function runStep(real: Mvcc, model: Model, step: Step): { real: unknown; model: unknown } {
  if (step.kind === "range") {
    const result = real.range(step.request)
    return { real: "reason" in result ? refusalName(result) : result, model: model.range(step.request) }
  }
  const { outcome } = real.apply(decodeCommand(encodeCommand({ timeMs: 0, command: step })))
  const modelled = step.kind === "txn" ? model.txn(step.request) : model.compact(step.revision)
  if (outcome.kind === "refused") return { real: refusalName(outcome.refusal), model: modelled }
  return { real: outcome.kind === "txn" ? outcome.result : outcome.kind, model: modelled }
}

it("answers every history of commands as its naive twin does", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const real = new Mvcc(new MemoryRecords())
      const model = new Model()
      for (const step of steps) {
        if (step.kind === "txn" && refuseTxn(step.request) !== undefined) continue
        const answers = runStep(real, model, step)
        expect(plain(answers.real)).toEqual(plain(answers.model))
      }
      expect(real.revision).toBe(model.revision)
    }),
    { numRuns: 500 },
  )
})

it("tells watchers exactly what turns the state at their start into the state at the end", () => {
  const watch = fc.tuple(interval, fc.integer({ min: 0, max: 6 }), fc.nat(10))
  fc.assert(
    fc.property(fc.array(txn, { maxLength: 20 }), fc.array(watch, { maxLength: 4 }), (txns, watches) => {
      const real = new Mvcc(new MemoryRecords())
      const tasks: (() => void)[] = []
      const hub = new WatchHub(real, (task) => tasks.push(task))
      const watchers: Replica[] = []
      for (const [at, request] of txns.entries()) {
        for (const [interval, back, when] of watches) {
          if (when === at) watchers.push(new Replica(real, hub, interval, Math.max(1, real.revision - back)))
        }
        if (at % 3 === 0) tasks.shift()?.()
        if (refuseTxn(request) !== undefined) continue
        hub.publish(real.apply({ timeMs: 0, command: { kind: "txn", request } }).written)
      }
      while (tasks.length > 0) tasks.shift()?.()
      for (const watcher of watchers) watcher.expectUpToDate(real)
    }),
    { numRuns: 300 },
  )
})

/** Someone who reads the past once and from then on only listens. */
class Replica {
  readonly #interval: WatchRequest
  readonly #state = new Map<string, KeyValue>()
  #heard = 0

  constructor(real: Mvcc, hub: WatchHub, interval: WatchRequest, revision: number) {
    this.#interval = interval
    const start = real.range({ ...interval, revision })
    if ("reason" in start) throw new Error(start.reason)
    for (const kv of start.kvs) this.#state.set(kv.key, kv)
    hub.watch(
      { ...interval, fromRevision: revision + 1, previous: true },
      { onBatch: ({ events }) => events.forEach((event) => void this.#hear(event)), onEnd: () => {} },
    )
  }

  #hear(event: StoreEvent): void {
    const { key, modRevision } = event.kind === "put" ? event.kv : event
    expect(contains(this.#interval, key)).toBe(true)
    expect(modRevision).toBeGreaterThanOrEqual(this.#heard)
    expect(plain(event.previous ?? null)).toEqual(plain(this.#state.get(key) ?? null))
    this.#heard = modRevision
    if (event.kind === "put") this.#state.set(key, event.kv)
    else this.#state.delete(key)
  }

  expectUpToDate(real: Mvcc): void {
    const now = real.range(this.#interval)
    if ("reason" in now) throw new Error(now.reason)
    const state = [...this.#state.values()].sort((a, b) => (a.key < b.key ? -1 : 1))
    expect(plain(state)).toEqual(plain(now.kvs))
  }
}

it("knows after a restart all that it knew before", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const records = new MemoryRecords()
      const before = new Mvcc(records)
      for (const step of steps) {
        if (step.kind === "range" || (step.kind === "txn" && refuseTxn(step.request) !== undefined)) continue
        before.apply({ timeMs: 0, command: step })
      }
      const after = new Mvcc(records, before.position)
      for (const { revision, changes } of records.scan(0, Number.POSITIVE_INFINITY)) {
        for (const change of changes) after.restoreChange(change, records.subOf(revision, change))
      }
      after.restored()
      for (let revision = 0; revision <= before.revision; revision++) {
        const request = { ...everything, revision }
        expect(plain(after.range(request))).toEqual(plain(before.range(request)))
      }
    }),
  )
})
