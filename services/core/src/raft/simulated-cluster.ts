import { assert, must } from "@wick/sdk/assert"
import type { Random } from "@wick/sdk/clock"
import type { Effects } from "./effects.ts"
import type { LeaseTerms } from "./lease.ts"
import type { Configuration, Entry, HardState, LogPosition, MemberId, Message } from "./message.ts"
import { createRaft, type RaftState } from "./state.ts"
import { type Input, step } from "./step.ts"

/** What a simulated disk holds: it is all that a crash leaves. */
interface Disk {
  hardState: HardState
  configuration: Configuration
  snapshot: LogPosition
  entries: Entry[]
}

interface SimulatedMember {
  readonly id: MemberId
  readonly disk: Disk
  /** Undefined while crashed. */
  state: RaftState | undefined
  inbox: Input[]
  /** A turn whose effects wait for the disk; nothing else is done meanwhile. */
  writing: { readonly effects: Effects; readonly doneAt: number } | undefined
}

interface Flight {
  readonly message: Message
  readonly arrivesAt: number
}

/** Chances are in percent of messages or moments. */
export interface Faults {
  readonly lossPercent: number
  readonly repeatPercent: number
  readonly delayMax: number
  readonly diskDelayMax: number
  readonly crashPercent: number
  readonly partitionPercent: number
  /** Of moments at which somebody wants other members, or another leader. */
  readonly changePercent: number
}

export const noFaults: Faults = {
  lossPercent: 0,
  repeatPercent: 0,
  delayMax: 2,
  diskDelayMax: 1,
  crashPercent: 0,
  partitionPercent: 0,
  changePercent: 0,
}

/** Sees each thing that is done, and throws when a promise of Raft is broken. */
export interface Observer {
  onLeader(state: RaftState): void
  onApply(member: MemberId, entries: readonly Entry[]): void
  onMoment(states: readonly RaftState[]): void
  onReadAsked(read: number): void
  /** It sees everything up to `index`. */
  onReadAnswered(read: number, index: number): void
}

const electionTicks = 10
const downPercent = 5

/**
 * Members, their disks and the network between them, moved on one moment at a time. All that happens follows from the
 * seed of `random`.
 */
export class SimulatedCluster {
  readonly members: readonly SimulatedMember[]
  faults: Faults
  #now = 0
  #flights: Flight[] = []
  #cutOff = new Set<MemberId>()
  #proposals = 0
  #reads = 0
  readonly #random: Random
  readonly #observer: Observer
  readonly #lease: LeaseTerms | undefined

  /** `spares` wait to be made members. A moment is a millisecond. */
  constructor(
    size: number,
    faults: Faults,
    random: Random,
    observer: Observer,
    { spares = 0, lease }: { readonly spares?: number; readonly lease?: LeaseTerms } = {},
  ) {
    this.faults = faults
    this.#lease = lease
    this.#random = random
    this.#observer = observer
    const voters = Array.from({ length: size }, (_, at) => at + 1)
    const all = Array.from({ length: size + spares }, (_, at) => at + 1)
    this.members = all.map((id) => {
      const configuration = { voters: id <= size ? voters : [], outgoing: [], learners: [] }
      const hardState = { term: 0, vote: 0, commit: 0 }
      const disk: Disk = { hardState, configuration, snapshot: { index: 0, term: 0 }, entries: [] }
      return { id, disk, state: this.#start(id, disk), inbox: [], writing: undefined }
    })
  }

  get leader(): RaftState | undefined {
    return this.members.map(({ state }) => state).find((state) => state?.role.kind === "leader")
  }

  /** One moment: faults, arrivals, a tick for each member, some clients, and what the members make of it. */
  advance(): void {
    this.#now++
    this.#strike()
    const arrived = this.#flights.filter(({ arrivesAt }) => arrivesAt <= this.#now)
    this.#flights = this.#flights.filter(({ arrivesAt }) => arrivesAt > this.#now)
    for (const { message } of arrived) this.#arrive(message)
    for (const member of this.members) {
      if (member.state === undefined) {
        member.inbox = []
        if (this.#chance(downPercent) || this.faults.crashPercent === 0)
          member.state = this.#start(member.id, member.disk)
        continue
      }
      member.inbox.push({ kind: "tick", jitter: this.#random.below(1000), nowMs: this.#now })
      if (this.#chance(20)) member.inbox.push({ kind: "proposed", commands: [Buffer.from(`${++this.#proposals}`)] })
      if (this.#chance(this.#lease === undefined ? 5 : 50)) {
        this.#observer.onReadAsked(++this.#reads)
        member.inbox.push({ kind: "read", read: this.#reads, nowMs: this.#now })
      }
      if (this.#chance(this.faults.changePercent)) member.inbox.push(this.#change())
      this.#turn(member)
    }
    this.#observer.onMoment(this.members.flatMap(({ state }) => state ?? []))
  }

  #change(): Input {
    const all = this.members.map(({ id }) => id)
    if (this.#chance(30))
      return { kind: "transfer", to: must(all[this.#random.below(all.length)], "there are members") }
    const voters = all.filter(() => this.#chance(50))
    const learners = all.filter((id) => !voters.includes(id) && this.#chance(20))
    return { kind: "reconfigure", voters, learners }
  }

  #strike(): void {
    for (const member of this.members) if (this.#chance(this.faults.crashPercent)) this.#crash(member)
    if (this.faults.partitionPercent === 0) this.#cutOff.clear()
    if (!this.#chance(this.faults.partitionPercent)) return
    this.#cutOff = new Set(this.members.filter(() => this.#chance(40)).map(({ id }) => id))
  }

  /** What was being written is on the disk up to some point, and no further. */
  #crash(member: SimulatedMember): void {
    if (member.writing !== undefined) this.#write(member.disk, member.writing.effects, this.#random.below(4))
    member.state = undefined
    member.writing = undefined
    member.inbox = []
  }

  #start(id: MemberId, disk: Disk): RaftState {
    return createRaft({
      id,
      electionTicks,
      heartbeatTicks: 2,
      hardState: disk.hardState,
      configuration: disk.configuration,
      applied: disk.snapshot,
      entries: disk.entries,
      jitter: this.#random.below(1000),
      lease: this.#lease,
    })
  }

  #turn(member: SimulatedMember): void {
    if (member.writing !== undefined) {
      if (member.writing.doneAt > this.#now) return
      const { effects } = member.writing
      member.writing = undefined
      this.#finish(member, effects)
    }
    for (let input = member.inbox.shift(); input !== undefined; input = member.inbox.shift()) {
      const state = must(member.state, "only who is up takes a turn")
      const led = state.role.kind === "leader"
      const effects = step(state, input)
      if (!led && state.role.kind === "leader") this.#observer.onLeader(state)
      for (const message of effects.sendAtOnce) this.#send(message)
      const { hardState, entries, snapshot } = effects.persist
      if (hardState === undefined && snapshot === undefined && entries.length === 0) this.#finish(member, effects)
      else {
        member.writing = { effects, doneAt: this.#now + this.#random.below(this.faults.diskDelayMax + 1) }
        this.#turn(member)
        return
      }
    }
  }

  /** The disk is done: what follows it in the order of effects. */
  #finish(member: SimulatedMember, effects: Effects): void {
    this.#write(member.disk, effects, Number.POSITIVE_INFINITY)
    for (const message of effects.sendAfterPersist) {
      if (message.to === member.id) member.inbox.unshift({ kind: "received", message })
      else this.#send(message)
    }
    this.#observer.onApply(member.id, effects.commit)
    for (const { read, index } of effects.reads) this.#observer.onReadAnswered(read, index)
    const last = effects.commit.at(-1)
    if (last !== undefined && member.state && this.#chance(10)) this.#checkpoint(member, member.state, last)
  }

  /** The applied state is made durable, so the log up to there can go. */
  #checkpoint({ disk, inbox }: SimulatedMember, { log }: RaftState, { index, term }: LogPosition): void {
    disk.configuration = log.configurationAt(index)
    disk.snapshot = { index, term }
    disk.entries = disk.entries.filter((entry) => entry.index > index)
    inbox.push({ kind: "compact", index })
  }

  /** Hard state first, then entries in order, `records` of them: what a torn write leaves is a beginning. */
  #write(disk: Disk, { persist }: Effects, records: number): void {
    let left = records
    if (persist.hardState !== undefined && left-- > 0) disk.hardState = persist.hardState
    if (persist.snapshot !== undefined && left-- > 0) {
      disk.snapshot = persist.snapshot.at
      disk.configuration = persist.snapshot.configuration
      disk.entries = []
    }
    for (const entry of persist.entries) {
      if (left-- <= 0) return
      disk.entries = disk.entries.filter(({ index }) => index < entry.index)
      assert(entry.index === (disk.entries.at(-1)?.index ?? disk.snapshot.index) + 1, "the log on disk has no gap")
      disk.entries.push(entry)
    }
  }

  #arrive(message: Message): void {
    const { inbox, state } = this.#member(message.to)
    inbox.push({ kind: "received", message })
    if (message.type === "snapshot") this.#reportSnapshot(message, state !== undefined)
  }

  /** Whoever carries the bytes of a state knows whether they got there. */
  #reportSnapshot({ from, to }: Message, arrived: boolean): void {
    this.#member(from).inbox.push({ kind: "snapshot-sent", member: to, arrived })
  }

  #send(message: Message): void {
    const isCut = this.#cutOff.has(message.from) !== this.#cutOff.has(message.to)
    if (isCut || this.#chance(this.faults.lossPercent)) {
      if (message.type === "snapshot") this.#reportSnapshot(message, false)
      return
    }
    const copies = this.#chance(this.faults.repeatPercent) ? 2 : 1
    for (let copy = 0; copy < copies; copy++) {
      this.#flights.push({ message, arrivesAt: this.#now + 1 + this.#random.below(this.faults.delayMax) })
    }
  }

  #member(id: MemberId): SimulatedMember {
    return must(this.members[id - 1], "members are numbered from 1")
  }

  #chance(percent: number): boolean {
    return this.#random.below(1000) < percent * 10
  }
}
