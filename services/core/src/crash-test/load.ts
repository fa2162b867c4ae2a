import type { Random } from "@wick/sdk/clock"
import {
  LeaseExistsError,
  LeaseNotFoundError,
  NotLeaderError,
  type Operation,
  OverloadedError,
  type Storage,
  type TxnRequest,
} from "#store"
import type { Operation as Called } from "../simulation/linearizability.ts"
import type { StoreInput, StoreOutput } from "../simulation/store-model.ts"

export type Call = Called<StoreInput, StoreOutput>

/** Keys that all clients fight for. */
const keys = 12
/** Longest value: some pages, so that the log and the state grow past their segments and saves. */
const valueSizeMax = 24 * 1024
const leaseSeconds = 3_600

/** What the clients of one run have in common. */
export interface Traffic {
  readonly random: Random
  /** A number that nobody else has had. */
  next(): number
  /** Leases that were asked for, and a new one. */
  readonly leases: number[]
  grant(): number
  /** Revision that somebody has seen lately. */
  revision: number
  /** History before this may be forgotten. */
  compactable: number
}

/**
 * Calls until it is told to stop, one call at a time, and notes what it called and what it was told. After a call whose
 * outcome nobody knows it stops by itself, as such calls may be ordered in many ways.
 */
export async function runClient(
  client: number,
  storage: Storage,
  traffic: Traffic,
  stop: AbortSignal,
): Promise<Call[]> {
  const calls: Call[] = []
  while (!stop.aborted) {
    if (traffic.random.below(60) === 0) await compact(storage, traffic)
    const input = choose(traffic)
    const calledAt = performance.now()
    const output = await answer(storage, input)
    if (output === "not-done") continue
    calls.push({ client, input, output, calledAt, returnedAt: performance.now() })
    if (output === undefined) return calls
    if (output.kind === "range" || output.kind === "txn") traffic.revision = output.result.revision
  }
  return calls
}

function choose(traffic: Traffic): StoreInput {
  const { random } = traffic
  const kind = random.below(20)
  const key = keyOf(random)
  if (kind < 4) return { kind: "range", request: random.below(2) === 0 ? { key } : { key: "k", end: "l" } }
  if (kind === 4) return { kind: "grant", id: traffic.grant() }
  if (kind === 5 && traffic.leases.length > 0) return { kind: "end-lease", id: anyLease(traffic) }
  const request: TxnRequest = {
    // Now and then true, as others write at the same time.
    compare: kind < 12 ? [] : [{ key, target: "mod", op: kind < 16 ? "<" : "=", value: traffic.revision }],
    success: [write(key, traffic), ...(kind === 6 ? [write(`${key}'`, traffic)] : [])],
    failure: [{ kind: "range", key }],
  }
  return { kind: "txn", request }
}

function write(key: string, traffic: Traffic): Operation {
  const { random } = traffic
  if (random.below(6) === 0) return { kind: "delete", key, previous: true }
  const size = random.below(4) === 0 ? random.below(valueSizeMax) : random.below(300)
  const text = `${traffic.next()};`
  return { kind: "put", key, value: Buffer.alloc(Math.max(size, text.length), text), lease: leaseOf(traffic) }
}

function leaseOf(traffic: Traffic): number {
  return traffic.random.below(8) === 0 ? anyLease(traffic) : 0
}

/** One that was asked for, and may have ended; 0 when none was. */
function anyLease({ random, leases }: Traffic): number {
  return leases.length === 0 ? 0 : (leases[random.below(leases.length)] ?? 0)
}

function keyOf(random: Random): string {
  return `k${random.below(keys)}`
}

/** `not-done`: surely nothing was. Undefined: nobody knows. */
export async function answer(storage: Storage, input: StoreInput): Promise<StoreOutput | "not-done" | undefined> {
  try {
    switch (input.kind) {
      case "range":
        return { kind: "range", result: await storage.range(input.request) }
      case "txn":
        return { kind: "txn", result: await storage.txn(input.request) }
      case "grant":
        await storage.grantLease(leaseSeconds, input.id)
        return { kind: "done" }
      case "end-lease":
        await storage.revokeLease(input.id)
        return { kind: "done" }
    }
  } catch (error) {
    if (error instanceof LeaseNotFoundError) return { kind: "refused", reason: "lease-not-found" }
    if (error instanceof LeaseExistsError) return { kind: "refused", reason: "lease-exists" }
    if (error instanceof NotLeaderError || error instanceof OverloadedError) {
      await new Promise((resolve) => setTimeout(resolve, 20))
      return "not-done"
    }
    return input.kind === "range" ? "not-done" : undefined
  }
}

/** Changes nothing that a reader of the present sees. */
async function compact(storage: Storage, { compactable }: Traffic): Promise<void> {
  await storage.compact(compactable).catch(() => {})
}
