import { must } from "@wick/sdk/assert"
import type { Clock } from "@wick/sdk/clock"
import { type Effects, type Entry, type Input, type Message, type MessageOf, type RaftState, step } from "#raft"
import { NoSpaceError } from "#store"
import type { Limits } from "./limits.ts"
import type { LogKeeper } from "./log-keeper.ts"
import { batchSizeMax, type Proposal, type Proposals } from "./proposals.ts"
import type { StorageMetrics } from "./storage-metrics.ts"
import type { CommitTime } from "./transfer-pace.ts"
import { joinEffects, sizeOfEntries, sizeOfUnwritten, type Unwritten } from "./unwritten.ts"
import type { WriteAheadLog } from "./write-ahead-log.ts"

/** Room for what Raft writes of its own, in bytes: a term, a vote, an entry, a list of members. */
export const electionSize = 1024
/** Bytes of others' messages that wait for the disk; more are dropped, as if they were lost on their way. */
const messagesSizeMax = 64 * 1024 * 1024
/** Time until a log that was full is looked at again, and what Raft has to write is written. */
const retryMs = 5_000

interface Parts {
  readonly raft: RaftState
  readonly log: WriteAheadLog
  readonly clock: Clock
  readonly metrics: StorageMetrics
  readonly keeper: LogKeeper
  readonly commitTime: CommitTime
  readonly proposals: Proposals
  readonly limits: Limits
}

/** What the member makes of the effects, declared here because it is all that the driver knows of it. */
export interface Driven {
  /** To another member. */
  send(message: Message): void
  /** Durable here and on a majority. */
  commit(entries: readonly Entry[]): void
  answered(read: number, index: number): void
  /** Something may have changed in who leads and who is a member. */
  stepped(): void
  /** Work that needs the log for itself, begun when nothing is being written; undefined when there is none. */
  exclusive(): Promise<boolean> | undefined
  /** The log has no room for these, which Raft has not seen. */
  refusedForSpace(proposals: readonly Proposal[]): void
  /** A turn is over. */
  turned(): void
  failed(error: Error): void
}

/**
 * Drives Raft: inputs in, and its effects carried out in their order. What makes the log grow (commands, other members'
 * entries) gathers while the log is being written, and each turn takes all of it: step → log (one durable write) → what
 * may be said after it. All else that arrives is stepped at once, so that a slow disk holds up no heartbeat. Entries
 * are taken from a leader only between two writes: what they replace is never just being written.
 */
export class RaftDriver {
  readonly #parts: Parts
  readonly #driven: Driven
  /** Messages with entries, waiting for a turn. */
  #messages: MessageOf<"append">[] = []
  #messagesSize = 0
  #unwritten: Unwritten | undefined
  #turns: Promise<void> | undefined
  #retry: { cancel(): void } | undefined
  #hasExclusive = false
  #isClosing = false
  /** Why nothing is stepped any more. */
  #ended: Error | undefined

  constructor(parts: Parts, driven: Driven) {
    this.#parts = parts
    this.#driven = driven
  }

  /** Resolves when nothing is left to do. */
  get turns(): Promise<void> {
    return this.#turns ?? Promise.resolve()
  }

  end(error: Error): void {
    this.#ended ??= error
    this.#retry?.cancel()
  }

  /** In the order that the fields of `Effects` give; only what has to be durable waits for its turn. */
  step(input: Input): Effects | undefined {
    if (this.#ended !== undefined) return undefined
    const driven = this.#driven
    try {
      const effects = step(this.#parts.raft, input)
      for (const message of effects.sendAtOnce) this.#send(message)
      this.#unwritten = joinEffects(this.#unwritten, effects)
      if (this.#unwritten !== undefined) this.wake()
      // Durable already: Raft hands out what its own disk has.
      if (effects.commit.length > 0) this.#commit(effects.commit)
      for (const { read, index } of effects.reads) driven.answered(read, index)
      driven.stepped()
      return effects
    } catch (error) {
      driven.failed(error as Error)
      return undefined
    }
  }

  /** Takes in nothing more from others, but finishes what it has. */
  close(): void {
    this.#isClosing = true
  }

  /** From another member. */
  receive(message: Message): void {
    if (message.to !== this.#parts.raft.id || this.#isClosing || this.#ended !== undefined) return
    if (message.type !== "append") {
      this.step({ kind: "received", message })
      return
    }
    const size = sizeOfEntries(message.entries)
    if (this.#messagesSize + size > messagesSizeMax) return
    this.#messages.push(message)
    this.#messagesSize += size
    this.wake()
  }

  /** There is something to do. */
  wake(): void {
    this.#turns ??= this.#takeTurns()
  }

  /** There is work that needs the log for itself. */
  wakeExclusive(): void {
    this.#hasExclusive = true
    this.wake()
  }

  /**
   * Restarts the log after a state that has come whole. From the moment that this is durable it is that state which holds
   * after a crash: before, it was the old one (see `StateHome.open`). `replace` then puts it in the old one's place.
   */
  async restart(message: MessageOf<"snapshot">, replace: () => void): Promise<"restarted" | "not needed" | "no space"> {
    const { log } = this.#parts
    do {
      if (!(await this.#reserve(0))) return "no space"
      await this.#writeOut()
    } while (this.#unwritten !== undefined)
    if (!(await this.#reserve(0))) return "no space"
    const effects = this.step({ kind: "received", message })
    // It came too late, or the log has all of it by now.
    if (effects?.persist.snapshot === undefined) return "not needed"
    const { persist, messages } = must(this.#takeUnwritten(), "what is to be durable waits")
    await log.append(persist)
    replace()
    for (const each of messages) this.#send(each)
    return "restarted"
  }

  /** Until nothing is left to do. Begins a microtask later, so that all who call in the same moment share a write. */
  async #takeTurns(): Promise<void> {
    await undefined
    try {
      while (this.#hasWork) if (!(await this.#turn())) break
    } catch (error) {
      this.#driven.failed(error as Error)
    } finally {
      this.#turns = undefined
    }
  }

  get #hasWork(): boolean {
    if (this.#ended !== undefined) return false
    const hasInput = this.#parts.proposals.hasInbox || this.#messages.length > 0 || this.#hasExclusive
    return hasInput || this.#unwritten !== undefined
  }

  /** However small the log's files are, several batches fit in one. */
  get #batchSizeMax(): number {
    return Math.min(batchSizeMax, this.#parts.limits.segmentSize / 4)
  }

  /** False: nothing can be done before there is room, or ever. */
  async #turn(): Promise<boolean> {
    const { raft, proposals: waiting } = this.#parts
    if (this.#hasExclusive) {
      this.#hasExclusive = false
      const exclusive = this.#driven.exclusive()
      if (exclusive !== undefined) return exclusive
    }
    const messages = this.#takeMessages()
    const { proposals, size } = messages.length > 0 ? nothing : waiting.takeBatch(this.#batchSizeMax)
    const { term } = raft
    let hasRoom = false
    try {
      hasRoom = await this.#reserve(size + sizeOfMessages(messages))
    } catch (error) {
      this.#driven.failed(error as Error)
    }
    if (this.#ended !== undefined) return this.#abandon(proposals)
    if (!hasRoom) return this.#onNoSpace(proposals)
    for (const message of messages) this.step({ kind: "received", message })
    // Whoever handed a command to this leader wants nothing done about it in a later term.
    if (raft.term !== term) waiting.park(proposals)
    else if (proposals.length > 0) this.#propose(proposals)
    await this.#writeOut()
    this.#driven.turned()
    return true
  }

  #propose(proposals: readonly Proposal[]): void {
    const fate = this.step({ kind: "proposed", commands: proposals.map(({ bytes }) => bytes) })?.proposals
    if (this.#ended !== undefined) this.#abandon(proposals)
    else if (fate === undefined || "refusedFor" in fate) this.#parts.proposals.park(proposals)
    else {
      const { proposals: waiting, commitTime, clock } = this.#parts
      waiting.appended(proposals, fate.first)
      commitTime.proposed(fate.first.index, clock.monotonic())
    }
  }

  #commit(entries: readonly Entry[]): void {
    const { commitTime, clock } = this.#parts
    const last = must(entries[entries.length - 1], "what is committed has entries")
    commitTime.committed(last.index, clock.monotonic())
    this.#driven.commit(entries)
  }

  /** The store has stopped while they were on their way to the log. */
  #abandon(proposals: readonly Proposal[]): false {
    this.#parts.proposals.reject(proposals, must(this.#ended, "what has ended says why"))
    return false
  }

  /** False when the disk has no room for so much more, and what Raft has to write. */
  async #reserve(size: number): Promise<boolean> {
    try {
      await this.#parts.log.reserve(size + sizeOfUnwritten(this.#unwritten) + electionSize)
      return true
    } catch (error) {
      if (!(error instanceof NoSpaceError)) throw error
      this.#lookAgain()
      return false
    }
  }

  /** Messages that found no room are as if they were lost; what Raft has to write waits for some. */
  async #onNoSpace(proposals: readonly Proposal[]): Promise<boolean> {
    this.#driven.refusedForSpace(proposals)
    if (this.#unwritten === undefined) return true
    if (await this.#reserve(0)) await this.#writeOut()
    return this.#unwritten === undefined
  }

  /** Until the log has room. */
  #lookAgain(): void {
    this.#retry?.cancel()
    if (this.#ended === undefined) this.#retry = this.#parts.clock.timer(retryMs, () => void this.#look())
  }

  async #look(): Promise<void> {
    try {
      if (await this.#parts.log.findRoom()) this.wake()
      else this.#lookAgain()
    } catch (error) {
      this.#driven.failed(error as Error)
    }
  }

  #takeMessages(): readonly MessageOf<"append">[] {
    let size = 0
    let count = 0
    for (const { entries } of this.#messages) {
      const next = size + sizeOfEntries(entries)
      if (count > 0 && next > this.#batchSizeMax) break
      size = next
      count++
    }
    this.#messagesSize -= size
    return count === 0 ? noMessages : this.#messages.splice(0, count)
  }

  /** One durable write, and what may be said once it is. */
  async #writeOut(): Promise<void> {
    const unwritten = this.#takeUnwritten()
    if (unwritten === undefined) return
    const { log, clock, metrics, keeper } = this.#parts
    const { persist, messages } = unwritten
    const startMs = clock.monotonic()
    await log.append(persist)
    const { length } = persist.entries
    if (length > 0) {
      metrics.logWritten((clock.monotonic() - startMs) / 1000, length)
      keeper.written(sizeOfEntries(persist.entries), length)
    }
    for (const message of messages) this.#send(message)
  }

  #takeUnwritten(): Unwritten | undefined {
    const unwritten = this.#unwritten
    this.#unwritten = undefined
    return unwritten
  }

  #send(message: Message): void {
    if (message.to === this.#parts.raft.id) this.step({ kind: "received", message })
    else this.#driven.send(message)
  }
}

const nothing = { proposals: [], size: 0 }
const noMessages: readonly MessageOf<"append">[] = []

function sizeOfMessages(messages: readonly MessageOf<"append">[]): number {
  let size = 0
  for (const { entries } of messages) size += sizeOfEntries(entries)
  return size
}
