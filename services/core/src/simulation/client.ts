import type { Random } from "@wick/sdk/clock"
import {
  LeaseExistsError,
  LeaseNotFoundError,
  type MemberStorage,
  NoSpaceError,
  NotLeaderError,
  OverloadedError,
  type Operation as StoreOperation,
  type TxnRequest,
} from "#store"
import type { Operation } from "./linearizability.ts"
import type { StoreInput, StoreOutput } from "./store-model.ts"

/** What a client is told ends the call in one of these ways. */
type Ending =
  | { readonly kind: "answered"; readonly output: StoreOutput }
  /** Surely not done. */
  | { readonly kind: "refused" }
  /** It may have been done, or still be. */
  | { readonly kind: "unknown" }

/** Leases that clients know of. */
export interface KnownLease {
  readonly id: number
  readonly ttlSeconds: number
}

export type Request =
  | { readonly kind: "read"; readonly input: StoreInput & { kind: "range" } }
  | { readonly kind: "write"; readonly input: StoreInput & { kind: "txn" } }
  | { readonly kind: "grant"; readonly lease: KnownLease }
  | { readonly kind: "renew"; readonly lease: KnownLease }
  | { readonly kind: "revoke"; readonly lease: KnownLease }
  | { readonly kind: "compact"; readonly revision: number }

const keys = ["a", "b", "c/1", "c/2", "c/3", "d"]
const largeSize = 2_000

/** What clients have come to know, from which they choose what to ask next. */
export class Wishes {
  readonly #random: Random
  readonly leases: KnownLease[] = []
  #values = 0
  #leaseIds = 0
  /** Latest revision that an answer told of. */
  revision = 1

  constructor(random: Random) {
    this.#random = random
  }

  next(): Request {
    const roll = this.#random.below(1000)
    if (roll < 330) return this.#read()
    if (roll < 900) return { kind: "write", input: { kind: "txn", request: this.#txn() } }
    if (roll < 930) return { kind: "grant", lease: this.#newLease() }
    if (roll < 995) {
      const lease = this.leases[this.#random.below(this.leases.length)]
      if (lease === undefined) return this.#read()
      return { kind: roll < 980 ? "renew" : "revoke", lease }
    }
    return { kind: "compact", revision: Math.max(1, this.revision - this.#random.below(40)) }
  }

  #read(): Request {
    const request = this.#random.below(3) === 0 ? { key: "c/", end: "c0" } : { key: this.#key() }
    return { kind: "read", input: { kind: "range", request } }
  }

  #txn(): TxnRequest {
    const key = this.#key()
    const roll = this.#random.below(10)
    if (roll < 5) return { compare: [], success: [this.#put(key)], failure: [] }
    if (roll === 5) return { compare: [], success: [{ kind: "delete", key, previous: true }], failure: [] }
    if (roll === 6) return { compare: [], success: [this.#put("c/1"), this.#put("c/2")], failure: [] }
    const value = roll === 7 ? 0 : Math.max(1, this.revision - this.#random.below(4))
    const compare = [{ key, target: "mod", op: roll === 9 ? "<" : "=", value } as const]
    return { compare, success: [this.#put(key)], failure: [{ kind: "range", key }] }
  }

  /** No value is written twice, so who reads it knows who wrote it. */
  #put(key: string): StoreOperation {
    const text = `v${++this.#values}`
    const value = Buffer.from(this.#random.below(50) === 0 ? text.padEnd(largeSize, ".") : text)
    const known = this.#random.below(6) === 0 ? this.leases[this.#random.below(this.leases.length)] : undefined
    return { kind: "put", key, value, previous: true, lease: known?.id ?? 0 }
  }

  #newLease(): KnownLease {
    return { id: 1_000_000 + ++this.#leaseIds, ttlSeconds: 1 + this.#random.below(5) }
  }

  #key(): string {
    return keys[this.#random.below(keys.length)] ?? "a"
  }
}

/** Asks the store; never rejects. */
export async function ask(storage: MemberStorage, request: Request): Promise<Ending> {
  try {
    return { kind: "answered", output: await call(storage, request) }
  } catch (error) {
    if (error instanceof LeaseNotFoundError) return refusal("lease-not-found")
    if (error instanceof LeaseExistsError) return refusal("lease-exists")
    const isSure = error instanceof NotLeaderError || error instanceof NoSpaceError || error instanceof OverloadedError
    return { kind: isSure ? "refused" : "unknown" }
  }
}

function refusal(reason: "lease-not-found" | "lease-exists"): Ending {
  return { kind: "answered", output: { kind: "refused", reason } }
}

async function call(storage: MemberStorage, request: Request): Promise<StoreOutput> {
  switch (request.kind) {
    case "read":
      return { kind: "range", result: await storage.range(request.input.request) }
    case "write":
      return { kind: "txn", result: await storage.txn(request.input.request) }
    case "grant":
      await storage.grantLease(request.lease.ttlSeconds, request.lease.id)
      return { kind: "done" }
    case "renew":
      await storage.keepLeaseAlive(request.lease.id)
      return { kind: "done" }
    case "revoke":
      await storage.revokeLease(request.lease.id)
      return { kind: "done" }
    case "compact":
      await storage.compact(request.revision)
      return { kind: "done" }
  }
}

/** What of a call goes into the history; undefined: nothing, because it says nothing about the state. */
export function toOperation(
  client: number,
  request: Request,
  ending: Ending,
  calledAt: number,
  returnedAt: number,
): Operation<StoreInput, StoreOutput> | undefined {
  if (ending.kind === "refused") return undefined
  const input = inputOf(request)
  if (input === undefined) return undefined
  if (ending.kind === "unknown" && input.kind === "range") return undefined
  const output = ending.kind === "answered" ? ending.output : undefined
  return { client, input, output, calledAt, returnedAt }
}

function inputOf(request: Request): StoreInput | undefined {
  switch (request.kind) {
    case "read":
    case "write":
      return request.input
    case "grant":
      return { kind: "grant", id: request.lease.id }
    case "renew":
      return { kind: "renew", id: request.lease.id }
    case "revoke":
      return { kind: "end-lease", id: request.lease.id }
    case "compact":
      return undefined
  }
}
