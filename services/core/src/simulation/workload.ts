import type { Random } from "@wick/sdk/clock"
import { CompactedError, noEnd } from "#store"
import { Acknowledgements } from "./checkers/acknowledgements.ts"
import type { LeaseTerms } from "./checkers/lease-terms.ts"
import { WatchTold } from "./checkers/watch-order.ts"
import { ask, type Request, toOperation, Wishes } from "./client.ts"
import type { Cluster, Machine } from "./cluster.ts"
import type { Operation } from "./linearizability.ts"
import type { StoreInput, StoreOutput } from "./store-model.ts"
import type { Timeline } from "./timeline.ts"

interface Call {
  readonly client: number
  readonly machine: Machine
  readonly life: number
  /** It gets no answer any more. */
  lost: () => void
}

/** Clients that ask, and watchers that listen, each on one member after the other. */
export class Workload {
  readonly history: Operation<StoreInput, StoreOutput>[] = []
  readonly acknowledgements = new Acknowledgements()
  readonly watches: WatchTold[] = []
  readonly #cluster: Cluster
  readonly #timeline: Timeline
  readonly #random: Random
  readonly #wishes: Wishes
  readonly #leases: LeaseTerms
  readonly #thinkMaxMs: number
  readonly #onAnswer: (client: number, revision: number) => void
  readonly #calls = new Set<Call>()
  readonly #watched = new Map<WatchTold, Machine | undefined>()
  /** Orders calls and returns, where simulated time has many at the same moment. */
  #moment = 0
  #isOver = false
  /** Calls that were answered, by what: of those that began after `mark`. */
  answeredSinceMark = 0
  #markedAt = 0

  constructor(parts: {
    readonly cluster: Cluster
    readonly timeline: Timeline
    readonly random: Random
    readonly leases: LeaseTerms
    readonly thinkMaxMs: number
    readonly onAnswer: (client: number, revision: number) => void
  }) {
    this.#cluster = parts.cluster
    this.#timeline = parts.timeline
    this.#random = parts.random
    this.#leases = parts.leases
    this.#thinkMaxMs = parts.thinkMaxMs
    this.#onAnswer = parts.onAnswer
    this.#wishes = new Wishes(parts.random)
  }

  begin(clients: number): void {
    for (let client = 1; client <= clients; client++) this.#later(() => this.#call(client))
    for (const request of [{ key: noEnd, end: noEnd }, { key: "c/", end: "c0" }, { key: "a" }]) {
      const told = new WatchTold(request, 2)
      this.watches.push(told)
      this.#watched.set(told, undefined)
      this.#watch(told)
    }
  }

  /** From now on, answers are counted. */
  mark(): void {
    this.#markedAt = this.#moment
    this.answeredSinceMark = 0
  }

  /** No more calls; those under way have no answer. */
  end(): void {
    this.#isOver = true
    for (const call of [...this.#calls]) call.lost()
  }

  /** The member on this machine has ended: who waits for it hears nothing. */
  lost(machine: Machine): void {
    for (const call of [...this.#calls]) if (call.machine === machine) call.lost()
    for (const [told, on] of this.#watched) {
      if (on !== machine) continue
      this.#watched.set(told, undefined)
      this.#later(() => this.#watch(told))
    }
  }

  #call(client: number): void {
    const machine = this.#anyUp()
    if (machine?.storage === undefined) {
      this.#later(() => this.#call(client))
      return
    }
    const request = this.#wishes.next()
    const calledAt = ++this.#moment
    const calledMs = this.#timeline.now
    let isOver = false
    const finish = (ending: Awaited<ReturnType<typeof ask>>): void => {
      if (isOver) return
      isOver = true
      this.#calls.delete(call)
      this.#returned(client, request, ending, calledAt, calledMs)
      if (!this.#isOver) this.#later(() => this.#call(client))
    }
    const call: Call = { client, machine, life: machine.host.life, lost: () => finish({ kind: "unknown" }) }
    this.#calls.add(call)
    void ask(machine.storage, request).then(finish)
  }

  #returned(
    client: number,
    request: Request,
    ending: Awaited<ReturnType<typeof ask>>,
    calledAt: number,
    calledMs: number,
  ): void {
    const operation = toOperation(client, request, ending, calledAt, ++this.#moment)
    if (operation !== undefined) this.history.push(operation)
    if (request.kind === "grant" && ending.kind !== "refused") {
      this.#wishes.leases.push(request.lease)
      // It may end by itself at any time from now on, which nobody is told.
      const input = { kind: "end-lease", id: request.lease.id } as const
      this.history.push({ client, input, output: undefined, calledAt, returnedAt: calledAt })
    }
    if (ending.kind !== "answered") return
    if (calledAt > this.#markedAt) this.answeredSinceMark++
    const { output } = ending
    if ((request.kind === "grant" || request.kind === "renew") && output.kind === "done") {
      this.#leases.acknowledged(request.lease.id, calledMs, request.lease.ttlSeconds)
    }
    if (output.kind === "txn" && request.kind === "write") {
      this.acknowledgements.add(request.input.request, output.result)
    }
    const revision = output.kind === "txn" || output.kind === "range" ? output.result.revision : 0
    this.#wishes.revision = Math.max(this.#wishes.revision, revision)
    this.#onAnswer(client, revision)
  }

  #watch(told: WatchTold): void {
    const machine = this.#anyUp()
    if (machine?.storage === undefined) {
      this.#later(() => this.#watch(told))
      return
    }
    const { life } = machine.host
    const isNow = (): boolean => machine.host.life === life && this.#watched.get(told) === machine
    this.#watched.set(told, machine)
    machine.storage.watch(
      { ...told.request, fromRevision: told.next },
      {
        onBatch: (batch) => {
          if (isNow()) told.take(batch)
        },
        onEnd: (error) => {
          if (!isNow()) return
          if (error instanceof CompactedError) told.skipTo(error.compactRevision)
          this.#watched.set(told, undefined)
          this.#later(() => this.#watch(told))
        },
      },
    )
  }

  #anyUp(): Machine | undefined {
    const up = [...this.#cluster.machines.values()].filter(({ state }) => state === "up")
    return up[this.#random.below(up.length)]
  }

  #later(run: () => void): void {
    this.#timeline.after(this.#random.below(this.#thinkMaxMs), run)
  }
}
