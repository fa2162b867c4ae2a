import type { Configuration, Effects, Input, MemberId, RaftState } from "#raft"
import {
  type ClusterMember,
  ClusterRefusalError,
  type Command,
  LearnerNotReadyError,
  type MemberAddress,
  MemberNotFoundError,
  type Mvcc,
  type NewMember,
  NotLeaderError,
  type Outcome,
  UnavailableError,
} from "#store"
import {
  type MembersNote,
  membersNoteName,
  readMembersNote,
  withAddress,
  withNewMember,
  withoutStrangers,
  writeMembersNote,
} from "./members-note.ts"

/** Entries that a learner may lack and still be given a vote: it has them before the next election. */
const learnerLagMax = 1_000
/** Attempts to write the note while others change it. */
const attemptsMax = 5

interface Parts {
  readonly raft: RaftState
  readonly mvcc: Mvcc
  readonly appliedIndex: () => number
  readonly propose: (command: Command) => Promise<Outcome>
  readonly step: (input: Input) => Effects | undefined
}

interface Change {
  readonly voters: readonly MemberId[]
  readonly learners: readonly MemberId[]
}

/** What the leader does to the cluster, one change at a time: the note first, so that a member has an address. */
export class ClusterOperations {
  readonly #parts: Parts
  #last: Promise<unknown> = Promise.resolve()
  #busy = 0
  #tick = 0
  /** When each follower was heard of last. */
  readonly #heardTick = new Map<MemberId, number>()
  /** The note as it was last read: it is looked at with every tick. */
  #read: { readonly value: Uint8Array; readonly note: MembersNote } | undefined
  #awaited: { readonly change: Change; readonly done: () => void; readonly failed: (error: Error) => void } | undefined
  #transfer: { readonly to: MemberId; readonly done: () => void; readonly failed: (error: Error) => void } | undefined

  constructor(parts: Parts) {
    this.#parts = parts
  }

  get note(): MembersNote {
    const { value } = this.#parts.mvcc.note(membersNoteName)
    if (this.#read?.value !== value) this.#read = { value, note: readMembersNote(value) }
    return this.#read.note
  }

  /** As it is applied here. */
  get configuration(): Configuration {
    const { log } = this.#parts.raft
    return log.configurationAt(Math.max(this.#parts.appliedIndex(), log.start.index))
  }

  add({ name = "", peerUrls, learner = false }: NewMember): Promise<ClusterMember> {
    return this.#oneAtATime(async () => {
      const { voters, learners } = this.#settled()
      if (this.note.members.some((member) => member.peerUrls.some((url) => peerUrls.includes(url)))) {
        throw new ClusterRefusalError(`a member with one of the addresses ${peerUrls.join(", ")} is there already`)
      }
      let id = 0
      await this.#changeNote((note) => {
        const member = { name, peerUrls, clientUrls: [], isToVote: !learner }
        const added = withNewMember(note, [...voters, ...learners], member)
        id = added.id
        return added.note
      })
      await this.#reconfigure({ voters, learners: [...learners, id] })
      return { id, name, peerUrls, clientUrls: [], learner: true }
    })
  }

  promote(id: MemberId): Promise<void> {
    return this.#oneAtATime(async () => {
      const { voters, learners } = this.#settled()
      if (voters.includes(id)) throw new ClusterRefusalError(`member ${id} has a vote already`)
      if (!learners.includes(id)) throw notFound(id)
      if (!this.#hasCaughtUp(id)) throw new LearnerNotReadyError(`member ${id} lacks too much of the log to vote`)
      await this.#reconfigure({ voters: [...voters, id], learners: learners.filter((learner) => learner !== id) })
    })
  }

  remove(id: MemberId): Promise<void> {
    return this.#oneAtATime(async () => {
      const { voters, learners } = this.#settled()
      if (!voters.includes(id) && !learners.includes(id)) throw notFound(id)
      const left = voters.filter((voter) => voter !== id)
      if (left.length === 0) throw new ClusterRefusalError("the last member with a vote cannot be removed")
      const heard = left.filter((voter) => this.#isHeard(voter))
      if (heard.length <= left.length / 2) {
        throw new ClusterRefusalError(
          `of the ${left.length} members that would be left only ${heard.length} answer, which is no majority`,
        )
      }
      // A founder that was never heard of: its number must be known as taken, or the next new member would get it.
      if (!this.note.members.some((member) => member.id === id))
        await this.#changeNote((note) => withAddress(note, id, {}))
      await this.#reconfigure({ voters: left, learners: learners.filter((learner) => learner !== id) })
    })
  }

  update(id: MemberId, change: Partial<MemberAddress>): Promise<void> {
    return this.#oneAtATime(async () => {
      const { voters, outgoing, learners } = this.configuration
      if (![...voters, ...outgoing, ...learners].includes(id)) throw notFound(id)
      await this.#changeNote((note) => withAddress(note, id, change))
    })
  }

  transfer(to: MemberId): Promise<void> {
    const { raft, step } = this.#parts
    if (raft.role.kind !== "leader") return Promise.reject(new NotLeaderError("this member does not lead"))
    if (to === raft.id) return Promise.resolve()
    if (!raft.log.configuration.voters.includes(to)) {
      return Promise.reject(new ClusterRefusalError(`member ${to} has no vote, so it cannot lead`))
    }
    if (this.#transfer !== undefined) return Promise.reject(new ClusterRefusalError("leadership is being handed over"))
    return new Promise((done, failed) => {
      this.#transfer = { to, done, failed }
      if (step({ kind: "transfer", to }) === undefined) this.#endTransfer(new UnavailableError("the store has stopped"))
    })
  }

  /** Lets another lead that has everything, for example before this member stops; false when there is none. */
  handOver(): boolean {
    const { raft, step } = this.#parts
    const { role, log } = raft
    if (role.kind !== "leader") return false
    const others = log.configuration.voters.filter((voter) => voter !== raft.id && this.#isHeard(voter))
    const [best] = others.sort((a, b) => (role.progress.get(b)?.match ?? 0) - (role.progress.get(a)?.match ?? 0))
    if (best === undefined) return false
    step({ kind: "transfer", to: best })
    return true
  }

  /** A configuration was applied. */
  configured(): void {
    const awaited = this.#awaited
    if (awaited === undefined || !isReached(this.configuration, awaited.change)) return
    this.#awaited = undefined
    awaited.done()
  }

  leaderChanged(leader: MemberId): void {
    if (leader === this.#transfer?.to) this.#endTransfer(undefined)
  }

  /** This member leads, and has applied what was before. Members that were removed by then are noted as such. */
  leads(): void {
    void this.#oneAtATime(() => this.#forgetStrangers()).catch(() => undefined) // else the next leader does it
  }

  leadershipLost(): void {
    this.#awaited?.failed(new UnavailableError("another member leads now: the change of members may still be made"))
    this.#awaited = undefined
  }

  /** Gives a vote to who is to have one and has caught up; sees whether leadership was taken over. */
  ticked(): void {
    const { raft } = this.#parts
    const { role } = raft
    this.#tick++
    if (role.kind === "leader") {
      for (const [id, { active }] of role.progress) if (active) this.#heardTick.set(id, this.#tick)
    }
    if (this.#transfer !== undefined && role.kind === "leader" && role.transfer === undefined) {
      this.#endTransfer(new ClusterRefusalError(`member ${this.#transfer.to} has not taken over the leadership`))
    }
    if (role.kind !== "leader" || this.#busy > 0 || raft.log.configuration.learners.length === 0) return
    const { members } = this.note
    const { learners } = raft.log.configuration
    const ready = members.find(({ id, isToVote }) => isToVote && learners.includes(id) && this.#hasCaughtUp(id))
    if (ready !== undefined) this.promote(ready.id).catch(() => undefined) // the next tick tries again
  }

  stop(error: Error): void {
    this.#awaited?.failed(error)
    this.#awaited = undefined
    this.#endTransfer(error)
  }

  #endTransfer(error: Error | undefined): void {
    const transfer = this.#transfer
    this.#transfer = undefined
    if (error === undefined) transfer?.done()
    else transfer?.failed(error)
  }

  #oneAtATime<Result>(operation: () => Promise<Result>): Promise<Result> {
    this.#busy++
    const result = this.#last.then(operation).finally(() => this.#busy--)
    this.#last = result.catch(() => undefined)
    return result
  }

  /** The present members, when no change of them is under way. */
  #settled(): Configuration {
    const { role, log } = this.#parts.raft
    if (role.kind !== "leader") throw new NotLeaderError("this member does not lead")
    if (log.configuration.outgoing.length > 0) throw inProgress()
    return log.configuration
  }

  async #reconfigure(change: Change): Promise<void> {
    const fate = this.#parts.step({ kind: "reconfigure", ...change })?.reconfiguration
    if (fate === undefined) throw new UnavailableError("the store has stopped")
    if ("refused" in fate) {
      if (fate.refused === "not leader") throw new NotLeaderError("this member does not lead")
      throw fate.refused === "no voters" ? new ClusterRefusalError("nobody would vote") : inProgress()
    }
    if (!isReached(this.configuration, change)) {
      await new Promise<void>((done, failed) => {
        this.#awaited = { change, done, failed }
      })
    }
    await this.#forgetStrangers().catch(() => undefined) // who leads next does it
  }

  async #forgetStrangers(): Promise<void> {
    const { voters, outgoing, learners } = this.#parts.raft.log.configuration
    const ids = [...voters, ...outgoing, ...learners]
    if (this.#parts.raft.role.kind !== "leader" || withoutStrangers(this.note, ids) === undefined) return
    await this.#changeNote((note) => withoutStrangers(note, ids) ?? note)
  }

  async #changeNote(edit: (note: MembersNote) => MembersNote): Promise<void> {
    const { mvcc, propose } = this.#parts
    for (let attempt = 0; attempt < attemptsMax; attempt++) {
      const { version: expected, value } = mvcc.note(membersNoteName)
      const edited = writeMembersNote(edit(readMembersNote(value)))
      const outcome = await propose({ kind: "note", name: membersNoteName, value: edited, expected })
      if (outcome.kind !== "refused") return
    }
    throw new ClusterRefusalError("others are changing the members at the same time; try again")
  }

  #hasCaughtUp(id: MemberId): boolean {
    const { role, commit } = this.#parts.raft
    const match = role.kind === "leader" ? (role.progress.get(id)?.match ?? 0) : 0
    return match > 0 && match + learnerLagMax >= commit
  }

  #isHeard(id: MemberId): boolean {
    const { role, id: self, electionTicks } = this.#parts.raft
    if (id === self) return true
    if (role.kind !== "leader") return false
    return (
      role.progress.get(id)?.active === true || this.#tick - (this.#heardTick.get(id) ?? -electionTicks) < electionTicks
    )
  }
}

function isReached({ voters, outgoing, learners }: Configuration, change: Change): boolean {
  const same = (one: readonly MemberId[], other: readonly MemberId[]): boolean =>
    one.length === other.length && one.every((member) => other.includes(member))
  return outgoing.length === 0 && same(voters, change.voters) && same(learners, change.learners)
}

function notFound(id: MemberId): MemberNotFoundError {
  return new MemberNotFoundError(`there is no member ${id}`)
}

function inProgress(): ClusterRefusalError {
  return new ClusterRefusalError("another change of members is not finished yet; try again")
}
