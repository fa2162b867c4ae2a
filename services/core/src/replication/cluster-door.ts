import type { Log } from "@wick/sdk/log"
import { type Effects, type Input, leaderOf, type MemberId, noMember, type RaftState } from "#raft"
import {
  type Cluster,
  type ClusterMember,
  ClusterRefusalError,
  type Command,
  type MemberAddress,
  type Mvcc,
  type NewMember,
  type Outcome,
} from "#store"
import { ClusterOperations } from "./cluster-operations.ts"
import type { Forwarding } from "./forwarding.ts"
import { describeMembers, membersNoteName } from "./members-note.ts"
import type { Membership } from "./membership.ts"
import type { Transport } from "./transport.ts"

interface Parts {
  readonly raft: RaftState
  readonly mvcc: Mvcc
  readonly membership: Membership | undefined
  readonly transport: Transport | undefined
  readonly report: Log
  readonly forwarding: Forwarding
  readonly appliedIndex: () => number
  readonly propose: (command: Command) => Promise<Outcome>
  readonly step: (input: Input) => Effects | undefined
  /** This member is none any more. */
  readonly removed: () => void
}

/** The cluster as callers of this member see it: what changes it, the leader does. */
export class ClusterDoor implements Cluster {
  readonly self: MemberId
  readonly #parts: Parts
  readonly #operations: ClusterOperations
  #isMember: boolean
  #peers = ""
  #leaderlessTicks = 0
  #publishing = false
  #isStopped = false
  readonly #listeners = new Set<() => void>()

  constructor(parts: Parts) {
    this.#parts = parts
    this.self = parts.raft.id
    this.#operations = new ClusterOperations(parts)
    this.#isMember = this.#isMemberNow()
  }

  start(): void {
    this.peersChanged()
  }

  members(): readonly ClusterMember[] {
    return describeMembers(this.#operations.configuration, this.#operations.note)
  }

  leader(): MemberId {
    return this.#isStopped ? noMember : leaderOf(this.#parts.raft)
  }

  onChange(listener: () => void): () => void {
    // Wrapped, so that one that is given twice is called twice and ended apart.
    const entry = (): void => listener()
    this.#listeners.add(entry)
    return () => void this.#listeners.delete(entry)
  }

  /** Who leads, or who is a member, may be another than before. */
  changed(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  async addMember(member: NewMember): Promise<ClusterMember> {
    if (this.#parts.membership === undefined) {
      throw new ClusterRefusalError("this store was started as one that no other can join")
    }
    return (await this.#atLeader("add", [member])) as ClusterMember
  }

  async promote(id: MemberId): Promise<void> {
    await this.#atLeader("promote", [id])
  }

  async removeMember(id: MemberId): Promise<void> {
    await this.#atLeader("remove", [id])
  }

  async updateMember(id: MemberId, change: Partial<MemberAddress>): Promise<void> {
    await this.#atLeader("update", [id, change])
  }

  async transferLeadership(to: MemberId): Promise<void> {
    await this.#atLeader("transfer", [to])
  }

  handOver(): boolean {
    return this.#operations.handOver()
  }

  #atLeader(operation: string, parameters: readonly unknown[]): Promise<unknown> {
    const { raft, forwarding } = this.#parts
    if (raft.role.kind === "leader") return this.carryOut(operation, parameters)
    return forwarding.askLeader(operation, parameters)
  }

  /** What this or another member asks of this one as the leader. */
  async carryOut(operation: string, [first, second]: readonly unknown[]): Promise<unknown> {
    const operations = this.#operations
    switch (operation) {
      case "add":
        return operations.add(first as NewMember)
      case "promote":
        return operations.promote(Number(first))
      case "remove":
        return operations.remove(Number(first))
      case "update":
        return operations.update(Number(first), second as Partial<MemberAddress>)
      case "transfer":
        return operations.transfer(Number(first))
      default:
        throw new ClusterRefusalError(`${operation} is not known here; is this member of an older version?`)
    }
  }

  wasRemoved(member: MemberId): boolean {
    return this.#operations.note.removed.includes(member)
  }

  /** A configuration was applied. */
  configured(): void {
    this.#operations.configured()
    // A state from before the first change of members that its sender knows of: it does not tell who they were.
    if (this.#operations.configuration.voters.length === 0) return
    const isMember = this.#isMemberNow()
    if (this.#isMember && !isMember) this.#leave()
    this.#isMember = isMember
    this.changed()
  }

  noted(name: string): void {
    if (name !== membersNoteName) return
    this.peersChanged()
    this.changed()
  }

  /** A later state has taken the place of the one before. */
  jumped(): void {
    this.peersChanged()
    this.configured()
  }

  leads(): void {
    this.#operations.leads()
    this.#publish()
  }

  leaderChanged(): void {
    this.#operations.leaderChanged(this.leader())
  }

  leadershipLost(): void {
    this.#operations.leadershipLost()
  }

  /** Tells the transport where the others are. */
  peersChanged(): void {
    const { transport, membership } = this.#parts
    if (transport === undefined || membership === undefined) return
    const peers = new Map(membership.peers)
    const { members, removed } = this.#operations.note
    for (const { id, peerUrls } of members) if (peerUrls[0] !== undefined) peers.set(id, peerUrls[0])
    for (const id of [...removed, this.self]) peers.delete(id)
    const told = JSON.stringify([...peers])
    if (told === this.#peers) return
    this.#peers = told
    transport.setPeers(peers)
  }

  ticked(): void {
    this.#operations.ticked()
    const { electionTicks } = this.#parts.raft
    this.#leaderlessTicks = this.leader() === noMember ? this.#leaderlessTicks + 1 : 0
    if (this.#leaderlessTicks === 0) this.#publish()
    else if (this.#leaderlessTicks % (2 * electionTicks) === 0) void this.#askWhetherRemoved()
  }

  stop(error: Error): void {
    this.#operations.stop(error)
    this.#isStopped = true
    this.changed()
  }

  #isMemberNow(): boolean {
    const { voters, outgoing, learners } = this.#operations.configuration
    return [voters, outgoing, learners].some((list) => list.includes(this.self))
  }

  /** The others know where to find this member by what it says of itself. */
  #publish(): void {
    const { membership } = this.#parts
    if (membership === undefined || this.#publishing || !this.#isMember) return
    const noted = this.#operations.note.members.find(({ id }) => id === this.self)
    const { name, peerUrls, clientUrls } = membership.address
    const isNoted =
      noted?.name === name &&
      JSON.stringify([noted.peerUrls, noted.clientUrls]) === JSON.stringify([peerUrls, clientUrls])
    if (isNoted) return
    this.#publishing = true
    this.updateMember(this.self, { name, peerUrls, clientUrls })
      .catch(() => undefined) // a later tick tries again
      .finally(() => {
        this.#publishing = false
      })
  }

  /**
   * Nobody sends anything to a member that was removed while it could not be reached. It asks the others in turn, and they
   * know: numbers of members are not used again.
   */
  async #askWhetherRemoved(): Promise<void> {
    const { membership, forwarding, raft } = this.#parts
    const noted = this.#operations.note.members.map(({ id }) => id)
    const others = [...new Set([...(membership?.peers.keys() ?? []), ...noted])].filter((id) => id !== this.self)
    const turn = Math.floor(this.#leaderlessTicks / (2 * raft.electionTicks))
    const other = others[turn % others.length]
    if (other !== undefined && (await forwarding.wasRemoved(other))) this.#leave()
  }

  #leave(): void {
    this.#parts.report.error("this member was removed from its cluster", { member: this.self })
    this.#parts.removed()
  }
}
