import { unreachable } from "@wick/sdk/assert"
import type { Version } from "./key-history.ts"
import type { LeaseBook } from "./lease-book.ts"
import type { NestedResult, NestedTxn, NestedTxnResult } from "./member-storage.ts"
import { emptyValue, readRange, refuseRevision, toKeyValue, type View } from "./range.ts"
import type { Change } from "./records.ts"
import type { Refusal } from "./refusal.ts"
import type { Compare, KeyValue, Operation, OperationResult } from "./storage.ts"

export type TxnOutcome =
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "done"; readonly result: NestedTxnResult; readonly changes: readonly Change[] }

/** A transaction whose compares are decided: the operations that run. */
interface Path {
  readonly succeeded: boolean
  readonly steps: readonly (Operation | ({ readonly kind: "path" } & Path))[]
}

/**
 * Runs a transaction: compares, then all operations of one branch, in order, each seeing what those before it did. All
 * its changes get the next revision; without a change the revision stays. Whatever can be refused is refused before
 * the first change, so a transaction happens whole or not at all. Nested ones are decided before anything runs, too.
 */
export function runTxn(request: NestedTxn, view: View, leases: LeaseBook): TxnOutcome {
  const path = decide(request, view)
  const refusal = refusePath(path, view, leases)
  if (refusal !== undefined) return { kind: "refused", refusal }
  const writer = new Writer(view, leases)
  const results = writer.runAll(path.steps)
  const result = { succeeded: path.succeeded, results, revision: writer.revision }
  return { kind: "done", result, changes: writer.changes }
}

function decide(request: NestedTxn, view: View): Path {
  const succeeded = request.compare.every((compare) => holds(compare, view))
  const operations = succeeded ? request.success : request.failure
  const steps = operations.map((operation) =>
    operation.kind === "txn" ? ({ kind: "path", ...decide(operation, view) } as const) : operation,
  )
  return { succeeded, steps }
}

/** Puts are looked at before ranges, as etcd does: of several reasons it gives the first. */
function refusePath(path: Path, view: View, leases: LeaseBook): Refusal | undefined {
  return (
    firstOf(path, (operation) => refusePut(operation, view, leases)) ??
    firstOf(path, (operation) => (operation.kind === "range" ? refuseRevision(operation.revision, view) : undefined))
  )
}

function firstOf(path: Path, refuse: (operation: Operation) => Refusal | undefined): Refusal | undefined {
  for (const step of path.steps) {
    const refusal = step.kind === "path" ? firstOf(step, refuse) : refuse(step)
    if (refusal !== undefined) return refusal
  }
  return undefined
}

function refusePut(operation: Operation, view: View, leases: LeaseBook): Refusal | undefined {
  if (operation.kind !== "put") return undefined
  const { key, lease: id = 0, keepValue, keepLease } = operation
  if ((keepValue || keepLease) && view.index.get(key)?.latest() === undefined) return { reason: "key-not-found", key }
  return id !== 0 && leases.get(id) === undefined ? { reason: "lease-not-found", id } : undefined
}

/** A key that does not exist compares as version, create, mod and lease 0, and its value as unequal to everything. */
function holds(compare: Compare, view: View): boolean {
  if (compare.end === undefined) return holdsFor(view.index.get(compare.key)?.latest(), compare, view)
  let found = false
  let all = true
  view.index.walk(compare, (history) => {
    const version = history.latest()
    if (version === undefined) return true
    found = true
    all = holdsFor(version, compare, view)
    return all
  })
  return found ? all : holdsFor(undefined, compare, view)
}

function holdsFor(version: Version | undefined, compare: Compare, view: View): boolean {
  if (compare.target === "value") {
    if (version === undefined) return false
    return ordered(Buffer.compare(view.bytesOf(version), compare.value), compare.op)
  }
  return ordered(subject(compare.target, version) - compare.value, compare.op)
}

function subject(target: "version" | "create" | "mod" | "lease", version: Version | undefined): number {
  if (version === undefined) return 0
  if (target === "version") return version.version
  if (target === "create") return version.createRevision
  return target === "mod" ? version.modRevision : version.lease
}

function ordered(difference: number, op: Compare["op"]): boolean {
  if (op === "=") return difference === 0
  if (op === "!=") return difference !== 0
  return op === "<" ? difference < 0 : difference > 0
}

/** Applies operations to the index and gathers their changes; whoever made it stores them. */
class Writer {
  readonly changes: Change[] = []
  readonly #view: View
  readonly #leases: LeaseBook

  constructor(view: View, leases: LeaseBook) {
    this.#view = view
    this.#leases = leases
  }

  /** Revision of the store as this transaction now sees it. */
  get revision(): number {
    return this.changes.length === 0 ? this.#view.revision : this.#view.revision + 1
  }

  runAll(steps: Path["steps"]): NestedResult[] {
    return steps.map((step) => {
      if (step.kind !== "path") return this.#run(step)
      const results = this.runAll(step.steps)
      return { kind: "txn", succeeded: step.succeeded, results, revision: this.revision }
    })
  }

  #run(operation: Operation): OperationResult {
    switch (operation.kind) {
      case "put":
        return this.#put(operation)
      case "delete":
        return this.#delete(operation)
      case "range":
        return { kind: "range", ...readRange(operation, this.#viewNow()) }
      default:
        return unreachable(operation)
    }
  }

  #put(operation: Operation & { kind: "put" }): OperationResult {
    const { key, previous } = operation
    const before = this.#view.index.get(key)?.latest()
    const lease = (operation.keepLease ? before?.lease : operation.lease) ?? 0
    const value = operation.keepValue && before !== undefined ? this.#bytesOf(before) : operation.value
    const kept = previous && before !== undefined ? this.#read(key, before) : undefined
    const modRevision = this.#view.revision + 1
    const createRevision = before?.createRevision ?? modRevision
    const version = {
      modRevision,
      sub: this.changes.length,
      createRevision,
      version: (before?.version ?? 0) + 1,
      lease,
    }
    this.#moveLease(key, before?.lease ?? 0, lease)
    this.#view.index.append(key, version)
    this.changes.push(toKeyValue(key, version, value))
    return kept === undefined ? { kind: "put" } : { kind: "put", previous: kept }
  }

  #delete(operation: Operation & { kind: "delete" }): OperationResult {
    const doomed: { key: string; version: Version }[] = []
    this.#view.index.walk(operation, (history) => {
      const version = history.latest()
      if (version !== undefined) doomed.push({ key: history.key, version })
      return true
    })
    const kept: KeyValue[] = []
    for (const { key, version } of doomed) {
      if (operation.previous) kept.push(this.#read(key, version))
      this.#bury(key, version)
    }
    return operation.previous
      ? { kind: "delete", deleted: doomed.length, previous: kept }
      : { kind: "delete", deleted: doomed.length }
  }

  #bury(key: string, version: Version): void {
    const tombstone = {
      modRevision: this.#view.revision + 1,
      sub: this.changes.length,
      createRevision: 0,
      version: 0,
      lease: 0,
    }
    this.#moveLease(key, version.lease, 0)
    this.#view.index.append(key, tombstone)
    this.changes.push(toKeyValue(key, tombstone, emptyValue))
  }

  #moveLease(key: string, from: number, to: number): void {
    if (from === to) return
    if (from !== 0) this.#leases.detach(from, key)
    if (to !== 0) this.#leases.attach(to, key)
  }

  #viewNow(): View {
    return { ...this.#view, revision: this.revision, bytesOf: (version) => this.#bytesOf(version) }
  }

  #bytesOf(version: Version): Uint8Array {
    const ours = version.modRevision > this.#view.revision ? this.changes[version.sub] : undefined
    return ours?.value ?? this.#view.bytesOf(version)
  }

  #read(key: string, version: Version): KeyValue {
    return toKeyValue(key, version, this.#bytesOf(version))
  }
}
