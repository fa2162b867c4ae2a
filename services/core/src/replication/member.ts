import { assert } from "@wick/sdk/assert"
import type { Clock, Random, Timer } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { leaderOf, leaseHolds, needsTicks, noMember, type RaftState, readsNeedNobody } from "#raft"
import {
  type Cluster,
  type Command,
  encodeCommand,
  type Mvcc,
  NoSpaceError,
  type Outcome,
  RemovedError,
  type Replication,
  StoppedError,
  type WatchHub,
} from "#store"
import type { AppliedState, StateHome } from "./applied-state.ts"
import { Applier } from "./applier.ts"
import { CorruptStateError } from "./checksum.ts"
import { ClusterDoor } from "./cluster-door.ts"
import { Forwarding } from "./forwarding.ts"
import { Leadership } from "./leadership.ts"
import type { Limits } from "./limits.ts"
import { LogKeeper } from "./log-keeper.ts"
import type { Membership } from "./membership.ts"
import { Proposals } from "./proposals.ts"
import { type Driven, electionSize, RaftDriver } from "./raft-driver.ts"
import { Reads } from "./reads.ts"
import { Saver } from "./saver.ts"
import { type Arrival, SnapshotReceiver } from "./snapshot-receiver.ts"
import { SnapshotSender } from "./snapshot-sender.ts"
import type { StorageMetrics } from "./storage-metrics.ts"
import { CommitTime } from "./transfer-pace.ts"
import type { Transport } from "./transport.ts"
import type { WriteAheadLog } from "./write-ahead-log.ts"

/** Time between two ticks, when there are others: a leader is heard of as often. */
export const tickMs = 100
/** Time until leases are ended after an attempt that failed, for want of space for example. */
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
  /**
   * Called once, when the disk has failed (what is durable is no longer known, the process should start anew), or with a
   * RemovedError.
   */
  readonly onFailure: (error: Error) => void
}

/**
 * One member: what drives its Raft, and the rooms around that in which callers wait for what becomes of their writes and
 * reads, the state follows the log, leases end, whole states come and go, and the cluster is changed.
 */
export class Member implements Replication {
  readonly #parts: Parts
  readonly #transport: Transport | undefined
  readonly #driver: RaftDriver
  readonly #proposals: Proposals
  readonly #reads: Reads
  readonly #leadership: Leadership
  readonly #applier: Applier
  readonly #keeper: LogKeeper
  readonly #commitTime = new CommitTime()
  readonly #forwarding: Forwarding
  readonly #sender: SnapshotSender
  readonly #receiver: SnapshotReceiver
  readonly #cluster: ClusterDoor
  #table: AppliedState
  #saver: Saver
  #ticker: Timer | undefined
  /** What was last seen of Raft's state, to notice changes. */
  #seen = { role: "", leader: noMember, term: 0, configurationIndex: -1 }
  /** Why nothing is taken in any more: closed, removed or failed. */
  #stopped: StoppedError | undefined
  #closed: Promise<void> | undefined
  /** Everybody was told that it has stopped. */
  #isEnded = false

  constructor(parts: Parts) {
    this.#parts = parts
    const { raft, clock, random, report, mvcc, membership, table, savedIndex } = parts
    this.#keeper = new LogKeeper(parts.limits)
    const firstRequest = random.below(2 ** 30) * requestsPerRun
    this.#table = table
    this.#saver = this.#saverOf(table, savedIndex)
    this.#proposals = new Proposals(raft.id, firstRequest)
    this.#driver = this.#driverOf(parts)
    this.#reads = new Reads(
      firstRequest,
      (read) => void this.#driver.step({ kind: "read", read, nowMs: clock.monotonic() }),
    )
    this.#leadership = new Leadership(clock, mvcc, () => this.#expireLeases())
    this.#applier = new Applier(parts, this.#proposals, {
      termBegan: (term) => this.#termBegan(term),
      configured: () => this.#cluster.configured(),
      noted: (name) => this.#cluster.noted(name),
    })
    this.#transport = membership?.connect({
      onMessage: (message) => this.#driver.receive(message),
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
      wake: () => this.#driver.wake(),
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
      step: (input) => this.#driver.step(input),
      removed: () => this.#leave(),
    })
    this.#receiver = new SnapshotReceiver({
      states: parts.states,
      commit: () => raft.commit,
      step: (message) => void this.#driver.step({ kind: "received", message }),
      wake: () => this.#driver.wakeExclusive(),
    })
    this.#sender = new SnapshotSender({
      transport,
      report,
      clock,
      commitTime: this.#commitTime,
      table: () => this.#table,
      saver: () => this.#saver,
      sent: (member, arrived) => void this.#driver.step({ kind: "snapshot-sent", member, arrived }),
      damaged: (error) => this.#fail(error),
    })
  }

  /** Who is the only voter elects itself: resolves when it leads. Others wait for ticks and messages. */
  async start(): Promise<void> {
    const { raft, log } = this.#parts
    const { voters, outgoing } = raft.log.configuration
    this.#cluster.start()
    if (outgoing.length === 0 && voters.length === 1 && voters[0] === raft.id) {
      await log.reserve(electionSize)
      this.#driver.step({ kind: "campaign" })
      await this.#driver.turns
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
    if (leads) this.#driver.wake()
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
    const { raft, log } = this.#parts
    const hasSpace = !log.isFull && this.#saver.refusal === undefined && !this.#receiver.lacksSpace
    const { index: appliedIndex } = this.#applier.position
    return { index: raft.commit, appliedIndex, term: raft.term, hasSpace }
  }

  sizes(): ReturnType<Replication["sizes"]> {
    return this.#table.sizes()
  }

  get unsavedSize(): number {
    return this.#table.unsavedSize
  }

  /** A member whose state is damaged answers nothing more: it says how it is made anew, and so does the next start. */
  unreadable(error: Error): void {
    if (error instanceof CorruptStateError) this.#fail(error)
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
    this.#leadership.end()
    this.#sender.stop()
    this.#driver.close()
    await this.#driver.turns
    this.#stop(this.#stopped)
    await this.#transport?.close()
    await this.#saver.close()
    await log.close()
    await this.#table.close()
    await unlock()
  }

  #driverOf(parts: Parts): RaftDriver {
    return new RaftDriver(
      { ...parts, keeper: this.#keeper, commitTime: this.#commitTime, proposals: this.#proposals },
      this.#driven(),
    )
  }

  #driven(): Driven {
    return {
      send: (message) => {
        if (message.type === "snapshot") this.#sender.send(message)
        else this.#transport?.send(message)
      },
      commit: (entries) => {
        this.#applier.apply(entries)
        this.#leadership.applied()
        this.#reads.applied(this.#applier.position.index)
      },
      answered: (read, index) => this.#reads.answered(read, index, this.#applier.position.index),
      stepped: () => this.#observe(),
      exclusive: () => {
        const arrival = this.#receiver.take()
        return arrival && this.#installOrRefuse(arrival)
      },
      // For another to take, who has space.
      refusedForSpace: (proposals) => {
        if (this.#cluster.handOver()) this.#proposals.park(proposals)
        else this.#proposals.reject(proposals, noSpace())
      },
      turned: () => {
        this.#forgetLog()
        this.#saver.changed()
      },
      failed: (error) => this.#fail(error),
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
      this.#commitTime.forget()
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
    this.#driver.step({ kind: "tick", jitter: random.below(raft.electionTicks), nowMs: clock.monotonic() })
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
    const { raft, limits } = this.#parts
    const isAlone = !needsTicks(raft)
    const index = isAlone
      ? Math.max(raft.log.start.index, this.#applier.position.index - limits.keptAlone)
      : this.#keeper.forgettable(raft, this.#saver.savedIndex, this.#sender.oldest)
    if (index !== undefined) this.#driver.step({ kind: "compact", index })
  }

  async #installOrRefuse(arrival: Arrival): Promise<boolean> {
    try {
      return await this.#install(arrival)
    } catch (error) {
      arrival.refused(error as Error)
      throw error
    }
  }

  /** A whole state has come, and takes the place of the old one. */
  async #install({ message, received, installed, refused }: Arrival): Promise<boolean> {
    const { states } = this.#parts
    const old = this.#table
    await this.#saver.giveUp()
    const fate = await this.#driver.restart(message, () => {
      this.#table = received.state
      this.#saver = this.#saverOf(received.state, message.at.index)
      this.#applier.jump(message.at, received.mvcc)
      this.#leadership.applied()
      this.#reads.applied(message.at.index)
      this.#cluster.jumped()
    })
    if (fate !== "restarted") {
      this.#saver = this.#saverOf(old, this.#saver.savedIndex)
      this.#saver.changed()
    }
    if (fate === "no space") refused(noSpace())
    else installed()
    await states.remove(fate === "restarted" ? old : received.state)
    return fate !== "no space"
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
    const again = error instanceof CorruptStateError ? "" : ", start it anew"
    this.#stop(new StoppedError(`the store has stopped itself${again}: ${error.message}`))
    onFailure(error)
  }

  /** The others have removed this member. */
  #leave(): void {
    const error = new RemovedError(removedMessage(this.#parts.raft.id))
    this.#stop(error)
    this.#parts.onFailure(error)
  }

  #stop(error: StoppedError): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#stopped ??= error
    this.#driver.end(error)
    this.#ticker?.cancel()
    this.#leadership.end()
    this.#sender.stop()
    this.#receiver.stop(error)
    this.#proposals.stop(error)
    this.#reads.stop(error)
    this.#cluster.stop(error)
    this.#parts.hub.end(error)
  }
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
