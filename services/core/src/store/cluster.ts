/**
 * The members that keep a store together. Names and addresses are a note of the store; who votes is Raft's own
 * configuration. Every operation may be asked of any member: it is the leader that carries it out.
 */
export interface Cluster {
  /** Number of the member that is asked. */
  readonly self: number
  /** As this member has applied it: ask `confirmRead` before, for what holds now. */
  members(): readonly ClusterMember[]
  /** Number of the member that leads, as far as this one knows; 0 when it knows of none. */
  leader(): number
  /** Calls back when who leads (or its term), or who is a member, has changed. Returns what ends that. */
  onChange(listener: () => void): () => void
  /**
   * Adds a member, which starts with the number that is answered. It learns first; unless it is wanted as a `learner`,
   * it is given a vote by itself once it has caught up.
   */
  addMember(member: NewMember): Promise<ClusterMember>
  /** Gives a learner a vote. Throws LearnerNotReadyError while it lacks too much. */
  promote(id: number): Promise<void>
  /** A member that was removed is never one again under its number. Throws ClusterRefusalError for the last voter. */
  removeMember(id: number): Promise<void>
  updateMember(id: number, change: Partial<MemberAddress>): Promise<void>
  /** Resolves when `to` leads. */
  transferLeadership(to: number): Promise<void>
}

export interface MemberAddress {
  /** Empty: it has not been started yet. */
  readonly name: string
  readonly peerUrls: readonly string[]
  readonly clientUrls: readonly string[]
}

export interface NewMember {
  readonly name?: string
  readonly peerUrls: readonly string[]
  readonly learner?: boolean
}

export interface ClusterMember extends MemberAddress {
  /** From 1. */
  readonly id: number
  /** Is sent everything but does not vote. */
  readonly learner: boolean
}

/** No member of this number. */
export class MemberNotFoundError extends Error {
  override name = "MemberNotFoundError"
}

/** The change of members cannot be made now, or never: `message` says why. Nothing was changed. */
export class ClusterRefusalError extends Error {
  override name = "ClusterRefusalError"
}

/** The learner lacks too much of the log to be given a vote. */
export class LearnerNotReadyError extends ClusterRefusalError {
  override name = "LearnerNotReadyError"
}

/** Of a store that no other member could join. */
export const clusterOfOne: Cluster = {
  self: 1,
  members: () => [{ id: 1, name: "", peerUrls: [], clientUrls: [], learner: false }],
  leader: () => 1,
  onChange: () => () => {},
  addMember: refuseOthers,
  promote: refuseOthers,
  removeMember: refuseOthers,
  updateMember: refuseOthers,
  transferLeadership: refuseOthers,
}

function refuseOthers(): Promise<never> {
  return Promise.reject(new ClusterRefusalError("this store has one member, and no other can join it"))
}
