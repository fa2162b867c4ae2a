import type { Configuration, MemberId } from "./message.ts"

/** Majorities, plain and joint. In a joint configuration both lists must agree (§4.3). */

export type Tally = "won" | "lost" | "open"

/** The outcome of a vote; `votes` holds those that have answered. */
export function tally(configuration: Configuration, votes: ReadonlyMap<MemberId, boolean>): Tally {
  const incoming = tallyOf(configuration.voters, votes)
  const outgoing = tallyOf(configuration.outgoing, votes)
  if (incoming === "lost" || outgoing === "lost") return "lost"
  return incoming === "won" && outgoing === "won" ? "won" : "open"
}

/** The greatest number that a quorum has reached, each member counting with what `reached` says of it. */
export function quorumReached(configuration: Configuration, reached: (member: MemberId) => number): number {
  return Math.min(reachedBy(configuration.voters, reached), reachedBy(configuration.outgoing, reached))
}

export function isVoter({ voters, outgoing }: Configuration, member: MemberId): boolean {
  return voters.includes(member) || outgoing.includes(member)
}

/** Everyone that is sent the log, once each. */
export function members({ voters, outgoing, learners }: Configuration): readonly MemberId[] {
  return [...new Set([...voters, ...outgoing, ...learners])]
}

/** Whether the vote of `member` is a majority by itself. Asked at every read, so it looks at no list but these. */
export function winsAlone({ voters, outgoing }: Configuration, member: MemberId): boolean {
  return isOnly(voters, member) && (outgoing.length === 0 || isOnly(outgoing, member))
}

function isOnly(voters: readonly MemberId[], member: MemberId): boolean {
  return voters.length === 1 && voters[0] === member
}

/** Whether `member` alone is a quorum, and nobody else needs to hear of anything. */
export function isAlone(configuration: Configuration, member: MemberId): boolean {
  const all = members(configuration)
  return all.length === 1 && all[0] === member
}

function tallyOf(voters: readonly MemberId[], votes: ReadonlyMap<MemberId, boolean>): Tally {
  if (voters.length === 0) return "won" // no such list: it objects to nothing
  const majority = Math.floor(voters.length / 2) + 1
  const granted = voters.filter((voter) => votes.get(voter) === true).length
  const refused = voters.filter((voter) => votes.get(voter) === false).length
  if (granted >= majority) return "won"
  return refused > voters.length - majority ? "lost" : "open"
}

/** Of [7, 3, 5] a majority has reached 5; of four members, [7, 6, 5, 3], also 5. */
function reachedBy(voters: readonly MemberId[], reached: (member: MemberId) => number): number {
  if (voters.length === 1) return reached(voters[0] ?? 0)
  const sorted = voters.map(reached).sort((a, b) => b - a)
  return sorted[Math.floor(voters.length / 2)] ?? Number.POSITIVE_INFINITY
}
