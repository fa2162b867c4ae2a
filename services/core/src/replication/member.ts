import { assert, must } from "@wick/sdk/assert"
import type { Clock, Random, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import {
  type Effects,
  type Input,
  leaderOf,
  leaseHolds,
  type Message,
  type MessageOf,
  needsTicks,
  noMember,
  type RaftState,
  readsNeedNobody,
  step,
} from "#raft"
import {
  type Cluster,
  type Command,
  encodeCommand,
  type Mvcc,
  NoSpaceError,
  type Outcome,
  type Replication,
  StoppedError,
  type WatchHub,
} from "#store"
import type { AppliedState, StateHome } from "./applied-state.ts"
import { Applier } from "./applier.ts"
import { ClusterDoor } from "./cluster-door.ts"
import { Forwarding } from "./forwarding.ts"
import { Leadership } from "./leadership.ts"
import type { Limits } from "./limits.ts"
import { LogKeeper } from "./log-keeper.ts"
import type { Membership } from "./membership.ts"
import { batchSizeMax, type Proposal, Proposals } from "./proposals.ts"
import { Reads } from "./reads.ts"
import { Saver } from "./saver.ts"
import { type Arrival, SnapshotReceiver } from "./snapshot-receiver.ts"
import { SnapshotSender } from "./snapshot-sender.ts"
import type { StorageMetrics } from "./storage-metrics.ts"
import type { Transport } from "./transport.ts"
import { joinEffects, sizeOfEntries, sizeOfUnwritten, type Unwritten } from "./unwritten.ts"
import type { WriteAheadLog } from "./write-ahead-log.ts"

/** Time between two ticks, when there are others: a leader is heard of as often. */
export const tickMs = 100
/** Room for what Raft writes of its own: a term, a vote, an entry, a list of members. */
const electionSize = 1024
/** Bytes of others' messages that wait for the disk; more are dropped, as if they were lost on their way. */
const messagesSizeMax = 64 * 1024 * 1024
/** Time until leases are ended, or what Raft has to write is written, after an attempt that failed for want of space. */
const retryMs = 5_000
/** Numbers of requests begin at a chosen multiple of this, so that those of two runs do not meet. */
const requestsPerRun = 2 ** 22

export interface Parts {
  readonly raft: RaftState
  readonly log: WriteAheadLog
  readonly states: StateHome
  readonly table: AppliedState
  /** Position in the log of what `table` has saved. */
  readonly savedIndex: number
  readonly mvcc: Mvcc
  readonly hub: WatchHub
  /** What the state machine holds already. */
  readonly applied: { readonly index: number; readonly term: number }
  readonly clock: Clock
  readonly random: Random
  readonly report: Log
  readonly metrics: StorageMetrics
  readonly limits: Limits
  /** Undefined: no other member can join. */
  readonly membership: Membership | undefined
  /** Called with the close of the member, before anything else. */
  readonly onClose: () => void
  /** Lets go of the directory. */
  readonly unlock: () => Promise<void>
  /** Called once, when the disk has failed: what is durable is no longer known, the process should start anew. */
  readonly onFailure: (error: Error) => void
}

/**
 * The rim around the pure parts. What makes the log grow (commands, other members' entries) gathers while the log is
 * being written, and each turn takes all of it: step → log (one durable write) → what may be said after it. All else
 * that arrives is stepped at once, so a slow disk holds up no heartbeat. Entries are taken from a leader only between
 * two writes: so what they replace is never just being written.
 */
export class Member implements Replication {
  readonly #parts: Parts
  readonly #transport: Transport | undefined
  readonly #proposals: Proposals
  readonly #reads: Reads
  readonly #leadership: Leadership
  readonly #applier: Applier
  readonly #keeper: LogKeeper
  readonly #forwarding: Forwarding
  readonly #sender: SnapshotSender
  readonly #receiver: SnapshotReceiver
  readonly #cluster: ClusterDoor
  #table: AppliedState
  #saver: Saver
  /** Messages with entries, waiting for a turn. */
  #messages: MessageOf<"append">[] = []
  #messagesSize = 0
  #unwritten: Unwritten | undefined
  #turns: Promise<void> | undefined
  #ticker: Timer | undefined
  #retry: Timer | undefined
  /** What was last seen of Raft's state, to notice changes. */
  #seen = { role: "", leader: noMember, term: 0, configurationIndex: -1 }
  /** Why nothing is taken in any more: closed, removed or failed. */
  #stopped: StoppedError | undefined
  #closed: Promise<void> | undefined
  /** Nothing is stepped any more. */
  #isEnded = false

  constructor(parts: Parts) {
    this.#parts = parts
    const { raft, clock, random, report, mvcc, membership, table, savedIndex } = parts
    const firstRequest = random.below(2 ** 30) * requestsPerRun
    this.#table = table
    this.#keeper = new LogKeeper(parts.limits)
    this.#saver = this.#saverOf(table, savedIndex)
    this.#proposals = new Proposals(raft.id, firstRequest)
    this.#reads = new Reads(firstRequest, (read) => void this.#step({ kind: "read", read, nowMs: clock.monotonic() }))
    this.#leadership = new Leadership(clock, mvcc, () => this.#expireLeases())
    this.#applier = new Applier(parts, this.#proposals, {
      termBegan: (term) => this.#termBegan(term),
      configured: () => this.#cluster.configured(),
      noted: (name) => this.#cluster.noted(name),
    })
    this.#transport = membership?.connect({
      onMessage: (message) => this.#receive(message),
      onSnapshot: (message, chunks) => this.#receiver.receive(message, chunks),
      onCall: (from, request) => this.#forwarding.answer(from, request),
    })
    const transport = this.#transport
    this.#forwarding = new Forwarding({
      raft,
      transport,
      proposals: this.#proposals,
      timeMs: () => this.#leadership.now(),
      refusal: () => this.#stopped ?? this.#saver.refusal ?? this.#proposals.refusal,
      wake: () => this.#wake(),
      cluster: () => this.#cluster,
    })
    this.#cluster = new ClusterDoor({
      raft,
      mvcc,
      membership,
      transport,
      report,
      forwarding: this.#forwarding,
      appliedIndex: () => this.#applier.position.index,
      propose: (command) => this.propose(command),
      step: (input) => this.#step(input),
      removed: () => this.#stop(new StoppedError(removedMessage(raft.id))),
    })
    this.#receiver = new SnapshotReceiver({
      states: parts.states,
      commit: () => raft.commit,
      step: (message) => void this.#step({ kind: "received", message }),
      wake: () => this.#wake(),
    })
    this.#sender = new SnapshotSender({
      transport,
      report,
      table: () => this.#table,
      saver: () => this.#saver,
      sent: (member, arrived) => void this.#step({ kind: "snapshot-sent", member, arrived }),
    })
  }

  /** Who is the only voter elects itself: resolves when it leads. Others wait for ticks and messages. */
  async start(): Promise<void> {
    const { raft, log } = this.#parts
    const { voters, outgoing } = raft.log.configuration
    this.#cluster.start()
    if (outgoing.length === 0 && voters.length === 1 && voters[0] === raft.id) {
      await log.reserve(electionSize)
      this.#step({ kind: "campaign" })
      await this.#turns
      if (this.#stopped !== undefined) throw this.#stopped
      assert(this.#leadership.leads, "a member that votes alone elects itself")
    } else this.#observe()
  }

  propose(command: Command): Promise<Outcome> {
    const refusal = this.#stopped ?? this.#saver.refusal ?? this.#proposals.refusal
    if (refusal !== undefined) return Promise.reject(refusal)
    const { leads } = this.#leadership
    const bytes = encodeCommand({ timeMs: this.#leadership.now(), command })
    const outcome = this.#proposals.add(bytes, leads)
    if (leads) this.#wake()
    else this.#forwarding.forward()
    return outcome
  }

  get stopped(): StoppedError | undefined {
    return this.#stopped
  }

  confirmRead(): Promise<void> | undefined {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped)
    const { raft, clock } = this.#parts
    if (readsNeedNobody(raft)) return undefined
    const hasAll = this.#applier.position.index >= raft.commit
    return hasAll && leaseHolds(raft, clock.monotonic()) ? undefined : this.#reads.confirm()
  }

  storeTimeMs(): number {
    return this.#leadership.now()
  }

  get cluster(): Cluster {
    return this.#cluster
  }

  position(): ReturnType<Replication["position"]> {
    const { raft } = this.#parts
    return { index: raft.commit, appliedIndex: this.#applier.position.index, term: raft.term, ...this.#table.sizes() }
  }

  get unsavedSize(): number {
    return this.#table.unsavedSize
  }

  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    const { log, unlock, onClose } = this.#parts
    onClose()
    if (this.#stopped === undefined && !readsNeedNobody(this.#parts.raft)) this.#cluster.handOver()
    this.#stopped ??= new StoppedError("the store is closed")
    this.#ticker?.cancel()
    this.#retry?.cancel()
    this.#leadership.end()
    this.#sender.stop()
    await this.#turns
    this.#stop(this.#stopped)
    await this.#transport?.close()
    await this.#saver.close()
    await log.close()
    await this.#table.close()
    await unlock()
  }

  #wake(): void {
    this.#turns ??= this.#takeTurns()
  }

  /** Until nothing is left to do. Begins a microtask later, so that all who call in the same moment share a write. */
  async #takeTurns(): Promise<void> {
    await undefined
    try {
      while (this.#hasWork) if (!(await this.#turn())) break
    } catch (error) {
      this.#fail(error as Error)
    } finally {
      this.#turns = undefined
    }
  }

  get #hasWork(): boolean {
    if (this.#isEnded) return false
    const hasInput = this.#proposals.hasInbox || this.#messages.length > 0 || this.#receiver.hasArrival
    return hasInput || this.#unwritten !== undefined
  }

  /** False: nothing can be done for now. */
  async #turn(): Promise<boolean> {
    const { raft } = this.#parts
    const arrival = this.#receiver.take()
    if (arrival !== undefined) return this.#install(arrival)
    const messages = this.#takeMessages()
    const { proposals, size } = messages.length > 0 ? noProposals : this.#proposals.takeBatch(batchSizeMax)
    const { term } = raft
    let hasRoom = false
    try {
      hasRoom = await this.#reserve(size + sizeOfMessages(messages))
    } catch (error) {
      this.#fail(error as Error)
    }
    if (this.#isEnded) return this.#abandon(proposals)
    if (!hasRoom) return this.#onNoSpace(proposals)
    for (const message of messages) this.#step({ kind: "received", message })
    // Whoever handed a command to this leader wants nothing done about it in a later term.
    if (raft.term !== term) this.#proposals.park(proposals)
    else if (proposals.length > 0) this.#proposeAll(proposals)
    await this.#writeOut()
    this.#forgetLog()
    this.#saver.changed()
    return true
  }

  /** The store has stopped while they were on their way to the log. */
  #abandon(proposals: readonly Proposal[]): false {
    this.#proposals.reject(proposals, must(this.#stopped, "a member that has ended says why"))
    return false
  }

  #proposeAll(proposals: readonly Proposal[]): void {
    const fate = this.#step({ kind: "proposed", commands: proposals.map(({ bytes }) => bytes) })?.proposals
    if (this.#isEnded) this.#abandon(proposals)
    else if (fate === undefined || "refusedFor" in fate) this.#proposals.park(proposals)
    else this.#proposals.appended(proposals, fate.first)
  }

  /** False when the disk has no room for so much more, and what Raft has to write. */
  async #reserve(size: number): Promise<boolean> {
    try {
      await this.#parts.log.reserve(size + sizeOfUnwritten(this.#unwritten) + electionSize)
      return true
    } catch (error) {
      if (error instanceof NoSpaceError) return false
      throw error
    }
  }

  /**
   * Raft has not seen them, so nothing was promised to anyone: messages are as if they were lost, and commands are for
   * another to take, who has space. What Raft has to write waits for some.
   */
  async #onNoSpace(proposals: readonly Proposal[]): Promise<boolean> {
    if (this.#cluster.handOver()) this.#proposals.park(proposals)
    else this.#proposals.reject(proposals, noSpace())
    if (this.#unwritten === undefined) return true
    if (await this.#reserve(0)) await this.#writeOut()
    if (this.#unwritten === undefined) return true
    this.#retry?.cancel()
    this.#retry = this.#parts.clock.timer(retryMs, () => this.#wake())
    return false
  }

  #takeMessages(): readonly MessageOf<"append">[] {
    let size = 0
    let count = 0
    for (const { entries } of this.#messages) {
      const next = size + sizeOfEntries(entries)
      if (count > 0 && next > batchSizeMax) break
      size = next
      count++
    }
    this.#messagesSize -= size
    return this.#messages.splice(0, count)
  }

  /** One durable write, and what may be said once it is. */
  async #writeOut(): Promise<void> {
    const unwritten = this.#unwritten
    if (unwritten === undefined) return
    const { log, clock, metrics } = this.#parts
    const { persist, messages } = unwritten
    this.#unwritten = undefined
    const startMs = clock.monotonic()
    await log.append(persist)
    const { length } = persist.entries
    if (length > 0) {
      metrics.logWritten((clock.monotonic() - startMs) / 1000, length)
      this.#keeper.written(sizeOfEntries(persist.entries), length)
    }
    for (const message of messages) this.#send(message)
  }

  #send(message: Message): void {
    if (message.to !== this.#parts.raft.id) {
      if (message.type === "snapshot") this.#sender.send(message)
      else this.#transport?.send(message)
    } else this.#step({ kind: "received", message })
  }

  #receive(message: Message): void {
    if (message.to !== this.#parts.raft.id || this.#isEnded) return
    if (message.type !== "append") {
      this.#step({ kind: "received", message })
      return
    }
    const size = sizeOfEntries(message.entries)
    if (this.#messagesSize + size > messagesSizeMax) return
    this.#messages.push(message)
    this.#messagesSize += size
    this.#wake()
  }

  /** In the order that the fields of `Effects` give; only what has to be durable waits for its turn. */
  #step(input: Input): Effects | undefined {
    if (this.#isEnded) return undefined
    try {
      const effects = step(this.#parts.raft, input)
      for (const message of effects.sendAtOnce) this.#send(message)
      this.#unwritten = joinEffects(this.#unwritten, effects)
      if (this.#unwritten !== undefined) this.#wake()
      if (effects.commit.length > 0) {
        // Durable already: Raft hands out what its own disk has.
        this.#applier.apply(effects.commit)
        this.#leadership.applied()
        this.#reads.applied(this.#applier.position.index)
      }
      for (const { read, index } of effects.reads) this.#reads.answered(read, index, this.#applier.position.index)
      this.#observe()
      return effects
    } catch (error) {
      this.#fail(error as Error)
      return undefined
    }
  }

  /** Notices who leads and who is a member. */
  #observe(): void {
    const { raft } = this.#parts
    const { kind: role } = raft.role
    const { term } = raft
    const leader = leaderOf(raft)
    const { configurationIndex } = raft.log
    const before = this.#seen
    if (
      role === before.role &&
      leader === before.leader &&
      term === before.term &&
      configurationIndex === before.configurationIndex
    )
      return
    this.#seen = { role, leader, term, configurationIndex }
    if (role === "leader" && before.role !== "leader") this.#leadership.begin()
    if (role !== "leader" && before.role === "leader") {
      this.#leadership.end()
      this.#sender.stop()
      this.#proposals.yield()
      this.#cluster.leadershipLost()
    }
    if (configurationIndex !== before.configurationIndex) this.#cluster.peersChanged()
    if (leader !== before.leader || term !== before.term) {
      this.#cluster.leaderChanged()
      this.#cluster.changed()
      this.#reads.leaderChanged()
      this.#forwarding.forward()
    }
    this.#keepTime()
  }

  /** A member that is alone has nothing to wait for, and nothing wakes it. */
  #keepTime(): void {
    if (!needsTicks(this.#parts.raft) || this.#stopped !== undefined) {
      this.#ticker?.cancel()
      this.#ticker = undefined
    } else this.#ticker ??= this.#parts.clock.timer(tickMs, () => this.#tick())
  }

  #tick(): void {
    const { raft, random, clock } = this.#parts
    this.#ticker = undefined
    this.#step({ kind: "tick", jitter: random.below(raft.electionTicks), nowMs: clock.monotonic() })
    this.#proposals.ticked()
    this.#reads.ticked()
    this.#forwarding.forward()
    this.#cluster.ticked()
    this.#keepTime()
  }

  #termBegan(term: number): void {
    const { raft } = this.#parts
    if (raft.role.kind !== "leader" || raft.term !== term) return
    this.#leadership.settle()
    this.#cluster.leads()
  }

  /** What is applied need not be in memory any more, but for those who are a little behind. */
  #forgetLog(): void {
    const { raft } = this.#parts
    const isAlone = !needsTicks(raft)
    const index = isAlone
      ? this.#applier.position.index
      : this.#keeper.forgettable(raft, this.#saver.savedIndex, this.#sender.oldest)
    if (index !== undefined) step(raft, { kind: "compact", index })
  }

  /**
   * A whole state has come. The log is restarted after it in one durable write, and from that moment it is the state
   * which holds after a crash: before, it was the old one (see `StateHome.open`). Then it takes the old one's place here.
   */
  async #install({ message, received, installed, refused }: Arrival): Promise<boolean> {
    const { log, states } = this.#parts
    await this.#saver.giveUp()
    let hasRoom = await this.#reserve(0)
    while (hasRoom && this.#unwritten !== undefined) {
      await this.#writeOut()
      hasRoom = await this.#reserve(0)
    }
    const effects = hasRoom ? this.#step({ kind: "received", message }) : undefined
    const old = this.#table
    if (effects?.persist.snapshot === undefined) {
      // It came too late, or the log has all of it by now.
      this.#saver = this.#saverOf(old, this.#saver.savedIndex)
      this.#saver.changed()
      await states.remove(received.state)
      if (hasRoom) installed()
      else refused(noSpace())
      return hasRoom
    }
    const { persist, messages } = this.#unwritten ?? { persist: effects.persist, messages: effects.sendAfterPersist }
    this.#unwritten = undefined
    await log.append(persist)
    this.#table = received.state
    this.#saver = this.#saverOf(received.state, message.at.index)
    this.#applier.jump(message.at, received.mvcc)
    this.#leadership.applied()
    this.#reads.applied(message.at.index)
    this.#cluster.jumped()
    for (const each of messages) this.#send(each)
    installed()
    await states.remove(old)
    return true
  }

  #saverOf(table: AppliedState, savedIndex: number): Saver {
    const { log, clock, limits, report, raft, mvcc } = this.#parts
    return new Saver({
      table,
      log,
      clock,
      limits,
      report,
      savedIndex,
      checkpoint: () => {
        const applied = this.#applier.position
        return { applied, configuration: raft.log.configurationAt(applied.index), position: mvcc.position }
      },
      onFailure: (error) => this.#fail(error),
    })
  }

  #expireLeases(): void {
    this.propose({ kind: "expire" }).catch((error: Error) => {
      if (this.#stopped !== undefined || !this.#leadership.leads) return
      const { clock, report } = this.#parts
      report.warn("leases could not be ended; it is tried again", { error: error.message, retryMs })
      clock.timer(retryMs, () => this.#leadership.watchLeases())
    })
  }

  /**
   * A write or the state machine has failed. Going on could acknowledge what is not durable: after a failed fsync the
   * system may have dropped the bytes and report success next time.
   */
  #fail(error: Error): void {
    if (this.#isEnded) return
    const { report, onFailure } = this.#parts
    report.error("store failed", { error })
    this.#stop(new StoppedError(`the store has stopped itself, start it anew: ${error.message}`))
    onFailure(error)
  }

  #stop(error: StoppedError): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#stopped ??= error
    this.#ticker?.cancel()
    this.#retry?.cancel()
    this.#leadership.end()
    this.#sender.stop()
    this.#receiver.stop(error)
    this.#proposals.stop(error)
    this.#reads.stop(error)
    this.#cluster.stop(error)
    this.#parts.hub.end(error)
  }
}

const noProposals = { proposals: [], size: 0 }

function sizeOfMessages(messages: readonly MessageOf<"append">[]): number {
  return messages.reduce((sum, { entries }) => sum + sizeOfEntries(entries), 0)
}

function noSpace(): NoSpaceError {
  return new NoSpaceError("no space for the log. Free some on its disk; then writes go on")
}

function removedMessage(id: number): string {
  return (
    `this member (number ${id}) was removed from its cluster, and serves nothing any more. To have it take part again, ` +
    "empty its directory and add it as a new member"
  )
}
