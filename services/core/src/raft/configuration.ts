import { assert } from "@wick/sdk/assert"
import type { Configuration, Entry, MemberId } from "./message.ts"
import { members } from "./quorum.ts"

/** Lists of members as they lie in the log. */
export function encodeConfiguration({ voters, outgoing, learners }: Configuration): Uint8Array {
  return Buffer.from(JSON.stringify({ voters, outgoing, learners }))
}

export function decodeConfiguration({ data }: Pick<Entry, "data">): Configuration {
  const read = JSON.parse(Buffer.from(data).toString()) as Partial<Configuration>
  const { voters, outgoing, learners } = read
  assert(voters !== undefined && outgoing !== undefined && learners !== undefined, "a configuration has three lists")
  return { voters, outgoing, learners }
}

/** Whether membership is changing: decisions need a majority of both lists (§4.3). */
export function isJoint({ outgoing }: Configuration): boolean {
  return outgoing.length > 0
}

/**
 * The first step from one configuration to another. A change of voters goes through a joint one; who only learns is added
 * or dropped in one step, since no majority depends on it (§4.2.1).
 */
export function firstStep(
  from: Configuration,
  voters: readonly MemberId[],
  learners: readonly MemberId[],
): Configuration {
  const outgoing = sameMembers(from.voters, voters) ? [] : from.voters
  return { voters, outgoing, learners }
}

/** Where a joint configuration leads to. */
export function lastStep({ voters, learners }: Configuration): Configuration {
  return { voters, outgoing: [], learners }
}

export function sameConfiguration(one: Configuration, other: Configuration): boolean {
  return (
    sameMembers(one.voters, other.voters) &&
    sameMembers(one.outgoing, other.outgoing) &&
    sameMembers(one.learners, other.learners)
  )
}

export function isMember(configuration: Configuration, member: MemberId): boolean {
  return members(configuration).includes(member)
}

function sameMembers(one: readonly MemberId[], other: readonly MemberId[]): boolean {
  return one.length === other.length && one.every((member) => other.includes(member))
}
