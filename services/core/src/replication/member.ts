import { assert, must } from "@wick/sdk/assert"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { type Effects, type Entry, type LogPosition, type RaftState, readsNeedNobody, step } from "#raft"
import {
  type Cluster,
  type Command,
  clusterOfOne,
  decodeCommand,
  encodeCommand,
  LeaseAlarm,
  type Mvcc,
  NoSpaceError,
  NotLeaderError,
  type Outcome,
  OverloadedError,
  type Replication,
  type RevisionChanges,
  requestSizeMax,
  StoppedError,
  StoreTime,
  type WatchHub,
} from "#store"
import { Saver } from "./saver.ts"
import type { StateTable } from "./state-table.ts"
import type { StorageMetrics } from "./storage-metrics.ts"
import type { WriteAheadLog } from "./write-ahead-log.ts"

/** Bytes of commands that one write to the log takes at most; the others wait for the next one. */
const batchSizeMax = 2 * requestSizeMax
/** What the log adds to a command at most, in bytes: a record's header, index and term, padding. */
const recordOverhead = 64
/** Room for what Raft writes of its own at a start: a term, a vote, an entry. */
const electionSize = 1024
/** Bytes of commands waiting for the log, beyond which callers are refused: they would wait for seconds. */
const inboxSizeMax = 64 * 1024 * 1024
/** Time until leases are ended after an attempt that failed, for want of space for example. */
const expireRetryMs = 5_000

interface Proposal {
  readonly bytes: Buffer
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: Error) => void
}

export interface Parts {
  readonly raft: RaftState
  readonly log: WriteAheadLog
  readonly table: StateTable
  readonly mvcc: Mvcc
  readonly hub: WatchHub
  /** What the state machine holds already. */
  readonly applied: LogPosition
  readonly clock: Clock
  readonly report: Log
  readonly metrics: StorageMetrics
  /** Lets go of the directory. */
  readonly unlock: () => Promise<void>
  /** Called once, when the disk has failed: what is durable is no longer known, the process should start anew. */
  readonly onFailure: (error: Error) => void
}

/**
 * The rim around the pure parts. Proposals gather in the inbox while the log is being written, and each turn takes all
 * of them: step → log (one durable write) → apply → watchers → callers. Nothing else is awaited on the way.
 */
export class Member implements Replication {
  readonly #parts: Parts
  readonly #saver: Saver
  readonly #pending = new Map<number, Proposal & { readonly term: number }>()
  #applied: LogPosition
  #inbox: Proposal[] = []
  #inboxSize = 0
  #turns: Promise<void> | undefined
  /** Why nothing is taken in any more: closed, or failed. */
  #stopped: StoppedError | undefined
  #closed: Promise<void> | undefined
  #leading: { readonly time: StoreTime; readonly alarm: LeaseAlarm } | undefined

  constructor(parts: Parts) {
    this.#parts = parts
    this.#applied = parts.applied
    const { table, log, clock, report, raft, mvcc } = parts
    this.#saver = new Saver({
      table,
      log,
      clock,
      report,
      checkpoint: () => ({
        applied: this.#applied,
        configuration: raft.log.configurationAt(this.#applied.index),
        position: mvcc.position,
      }),
      onFailure: (error) => this.#fail(error),
    })
  }

  /** Elects itself and applies what the log has beyond the state. Resolves when it leads. */
  async lead(): Promise<void> {
    const { raft, log, clock, mvcc } = this.#parts
    await log.reserve(electionSize)
    await this.#carryOut(step(raft, { kind: "campaign" }))
    assert(readsNeedNobody(raft), "a member that is alone elects itself")
    const time = new StoreTime(clock, mvcc.timeMs)
    this.#leading = { time, alarm: new LeaseAlarm(clock, time, () => this.#expireLeases()) }
    this.#leading.alarm.set(mvcc.earliestDeadlineMs)
  }

  propose(command: Command): Promise<Outcome> {
    const refusal = this.#stopped ?? this.#saver.refusal
    if (refusal !== undefined) return Promise.reject(refusal)
    if (this.#inboxSize > inboxSizeMax) {
      return Promise.reject(new OverloadedError(`${this.#inbox.length} writes are waiting to be written already`))
    }
    const { time } = must(this.#leading, "who takes proposals leads")
    const bytes = encodeCommand({ timeMs: time.now(), command })
    return new Promise((resolve, reject) => {
      this.#inbox.push({ bytes, resolve, reject })
      this.#inboxSize += bytes.length + recordOverhead
      this.#turns ??= this.#takeTurns()
    })
  }

  get stopped(): StoppedError | undefined {
    return this.#stopped
  }

  confirmRead(): Promise<void> | undefined {
    if (readsNeedNobody(this.#parts.raft)) return undefined
    return Promise.reject(new NotLeaderError("this member does not lead"))
  }

  storeTimeMs(): number {
    return must(this.#leading, "who takes proposals leads").time.now()
  }

  get cluster(): Cluster {
    return clusterOfOne
  }

  position(): ReturnType<Replication["position"]> {
    const { raft, table } = this.#parts
    const { index: appliedIndex } = this.#applied
    return { index: appliedIndex, appliedIndex, term: raft.term, ...table.sizes() }
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { hub, table, log, unlock } = this.#parts
    this.#stopped ??= new StoppedError("the store is closed")
    this.#leading?.alarm.stop()
    await this.#turns
    hub.end(this.#stopped)
    await this.#saver.close()
    await log.close()
    await table.close()
    await unlock()
  }

  /** Until nothing is left to do. Begins a microtask later, so that all who call in the same moment share a write. */
  async #takeTurns(): Promise<void> {
    await undefined
    try {
      while (this.#inbox.length > 0) await this.#turn()
    } catch (error) {
      this.#fail(error as Error)
    } finally {
      this.#turns = undefined
    }
  }

  async #turn(): Promise<void> {
    const { raft, log } = this.#parts
    const { proposals, size } = this.#takeBatch()
    try {
      await log.reserve(size)
    } catch (error) {
      // Before Raft has seen them, so nothing was promised to anyone and nothing has to be undone.
      if (!(error instanceof NoSpaceError)) throw error
      for (const { reject } of proposals) reject(error)
      return
    }
    const effects = step(raft, { kind: "proposed", commands: proposals.map(({ bytes }) => bytes) })
    this.#awaitCommit(proposals, effects)
    await this.#carryOut(effects)
    // What is applied is in the state; with nobody else to send it to, it is not needed in memory either.
    step(raft, { kind: "compact", index: this.#applied.index })
    this.#saver.changed()
  }

  #takeBatch(): { readonly proposals: readonly Proposal[]; readonly size: number } {
    let size = 0
    let count = 0
    for (const { bytes } of this.#inbox) {
      const next = size + bytes.length + recordOverhead
      if (count > 0 && next > batchSizeMax) break
      size = next
      count++
    }
    const proposals = count === this.#inbox.length ? this.#inbox : this.#inbox.slice(0, count)
    this.#inbox = count === this.#inbox.length ? [] : this.#inbox.slice(count)
    this.#inboxSize -= size
    return { proposals, size }
  }

  #awaitCommit(proposals: readonly Proposal[], { proposals: fate }: Effects): void {
    if (fate === undefined || "refusedFor" in fate) {
      for (const { reject } of proposals) reject(new NotLeaderError("this member does not lead"))
      return
    }
    const { index, term } = fate.first
    proposals.forEach((proposal, at) => void this.#pending.set(index + at, { ...proposal, term }))
  }

  /** In the order that the fields of `Effects` give. */
  async #carryOut(effects: Effects): Promise<void> {
    const { raft, log, clock, metrics } = this.#parts
    assert(effects.sendAtOnce.length === 0, "a member that is alone has nobody to send to")
    if (effects.persist.entries.length > 0) {
      const startMs = clock.monotonic()
      await log.append(effects.persist)
      metrics.logWritten((clock.monotonic() - startMs) / 1000, effects.persist.entries.length)
    } else await log.append(effects.persist)
    for (const message of effects.sendAfterPersist) {
      assert(message.to === raft.id, "a member that is alone sends only to itself")
      await this.#carryOut(step(raft, { kind: "received", message }))
    }
    this.#apply(effects.commit)
  }

  #apply(entries: readonly Entry[]): void {
    if (entries.length === 0) return
    const { mvcc, hub } = this.#parts
    let written: RevisionChanges[] = []
    const answers: (() => void)[] = []
    for (const entry of entries) {
      assert(entry.index === this.#applied.index + 1, "entries are applied in order, each once")
      this.#applied = { index: entry.index, term: entry.term }
      if (entry.kind !== "command") continue
      const stamped = decodeCommand(entry.data)
      if (stamped.command.kind === "compact") {
        hub.publish(written) // before what watchers are to be told was there before is forgotten
        written = []
      }
      const applied = mvcc.apply(stamped)
      for (const revision of applied.written) written.push(revision)
      const proposal = this.#pending.get(entry.index)
      if (proposal === undefined) continue
      this.#pending.delete(entry.index)
      assert(proposal.term === entry.term, "nobody else can have put another entry in its place")
      answers.push(() => proposal.resolve(applied.outcome))
    }
    hub.publish(written)
    for (const answer of answers) answer()
    this.#leading?.alarm.set(mvcc.earliestDeadlineMs)
  }

  #expireLeases(): void {
    this.propose({ kind: "expire" }).catch((error: Error) => {
      if (this.#stopped !== undefined) return
      const { clock, mvcc, report } = this.#parts
      report.warn("leases could not be ended; it is tried again", { error: error.message, retryMs: expireRetryMs })
      clock.timer(expireRetryMs, () => this.#leading?.alarm.set(mvcc.earliestDeadlineMs))
    })
  }

  /**
   * A write or the state machine has failed. Going on could acknowledge what is not durable: after a failed fsync the
   * system may have dropped the bytes and report success next time.
   */
  #fail(error: Error): void {
    if (this.#stopped !== undefined) return
    const { hub, report, onFailure } = this.#parts
    this.#stopped = new StoppedError(`the store has stopped itself, start it anew: ${error.message}`)
    report.error("store failed", { error })
    this.#leading?.alarm.stop()
    for (const { reject } of [...this.#pending.values(), ...this.#inbox]) reject(this.#stopped)
    this.#pending.clear()
    this.#inbox = []
    hub.end(this.#stopped)
    onFailure(error)
  }
}
