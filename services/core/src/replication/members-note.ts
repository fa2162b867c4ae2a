import type { Configuration, MemberId } from "#raft"
import type { ClusterMember, MemberAddress } from "#store"

/** Names and addresses of members: a note of the store, so that all of them know it. Who votes is not in here. */
export const membersNoteName = "wick/members"

/** Removed members that are remembered: those that come back and ask must be told. */
const removedMax = 1_000

export interface MembersNote {
  /** Greatest number that was ever given to a member: none is given twice. */
  readonly lastId: MemberId
  readonly members: readonly NotedMember[]
  readonly removed: readonly MemberId[]
}

export interface NotedMember extends MemberAddress {
  readonly id: MemberId
  /** It is to vote as soon as it has caught up. */
  readonly isToVote: boolean
}

const unnamed: MemberAddress = { name: "", peerUrls: [], clientUrls: [] }

export function readMembersNote(value: Uint8Array): MembersNote {
  if (value.length === 0) return { lastId: 0, members: [], removed: [] }
  return JSON.parse(Buffer.from(value).toString()) as MembersNote
}

export function writeMembersNote(note: MembersNote): Uint8Array {
  return Buffer.from(JSON.stringify(note))
}

/** The members of a configuration, with what is noted of them. */
export function describeMembers({ voters, outgoing, learners }: Configuration, note: MembersNote): ClusterMember[] {
  const ids = [...new Set([...voters, ...outgoing, ...learners])].sort((a, b) => a - b)
  return ids.map((id) => {
    const { name, peerUrls, clientUrls } = note.members.find((member) => member.id === id) ?? unnamed
    return { id, name, peerUrls, clientUrls, learner: learners.includes(id) }
  })
}

/** With one member more; it has the next number that nobody had. */
export function withNewMember(
  note: MembersNote,
  ids: readonly MemberId[],
  member: Omit<NotedMember, "id">,
): { readonly note: MembersNote; readonly id: MemberId } {
  const id = Math.max(note.lastId, ...ids) + 1
  return { id, note: { ...note, lastId: id, members: [...note.members, { ...member, id }] } }
}

export function withAddress(note: MembersNote, id: MemberId, change: Partial<MemberAddress>): MembersNote {
  const before = note.members.find((member) => member.id === id) ?? { ...unnamed, id, isToVote: false }
  const members = [...note.members.filter((member) => member.id !== id), { ...before, ...change }]
  return { ...note, lastId: Math.max(note.lastId, id), members: members.sort((a, b) => a.id - b.id) }
}

/** Without those that are no members any more; undefined when there are none. */
export function withoutStrangers(note: MembersNote, ids: readonly MemberId[]): MembersNote | undefined {
  const strangers = note.members.filter(({ id }) => !ids.includes(id)).map(({ id }) => id)
  if (strangers.length === 0) return undefined
  const removed = [...note.removed, ...strangers].slice(-removedMax)
  return { ...note, members: note.members.filter(({ id }) => ids.includes(id)), removed }
}
