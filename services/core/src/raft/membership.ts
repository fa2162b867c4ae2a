import { encodeConfiguration, firstStep, isJoint, isMember, lastStep, sameConfiguration } from "./configuration.ts"
import type { Effects, ReconfigurationRefusal } from "./effects.ts"
import { follow } from "./follow.ts"
import { appendEntries } from "./lead.ts"
import type { Configuration, MemberId } from "./message.ts"
import { noMember } from "./message.ts"
import { Progress } from "./progress.ts"
import { isVoter, members } from "./quorum.ts"
import { sendAtOnce } from "./send.ts"
import type { RaftState, Role } from "./state.ts"

type Leader = Role & { readonly kind: "leader" }

/** Who is wanted: a change of voters takes effect in two steps, the second by itself. */
export interface Membership {
  readonly voters: readonly MemberId[]
  readonly learners: readonly MemberId[]
}

/**
 * Begins a change of members (§4.3): into the log goes a configuration in which both the old voters and the new must agree;
 * once that is committed, the new one alone follows by itself. One change at a time.
 */
export function reconfigure(state: RaftState, out: Effects, wanted: Membership): void {
  const { role, log } = state
  const refused = refusal(state, wanted)
  if (refused !== undefined || role.kind !== "leader") {
    out.reconfiguration = { refused: refused ?? "not leader" }
    return
  }
  const next = firstStep(log.configuration, wanted.voters, wanted.learners)
  if (!sameConfiguration(log.configuration, next)) appendConfiguration(state, role, out, next)
  const { index, term } = log.last
  out.reconfiguration = { at: { index, term } }
}

function refusal({ role, log, commit }: RaftState, { voters }: Membership): ReconfigurationRefusal | undefined {
  if (role.kind !== "leader" || role.transfer !== undefined) return "not leader"
  // Else two leaders in a row could each change members without knowing of the other's change.
  if (commit < role.firstIndex) return "not ready"
  if (isJoint(log.configuration) || log.configurationIndex > commit) return "in progress"
  return voters.length === 0 ? "no voters" : undefined
}

/** It takes effect at once, in who is sent the log and in who decides (§4.1). */
function appendConfiguration(state: RaftState, role: Leader, out: Effects, configuration: Configuration): void {
  const { log, term } = state
  const index = log.last.index + 1
  for (const member of members(configuration)) {
    if (!role.progress.has(member)) role.progress.set(member, new Progress(index))
  }
  appendEntries(state, out, [{ index, term, kind: "configuration", data: encodeConfiguration(configuration) }])
}

/** When the present configuration is committed: a joint one is left, and who is no member any more is done with. */
export function settleConfiguration(state: RaftState, out: Effects): void {
  const { role, log } = state
  if (role.kind !== "leader") return
  if (log.configurationIndex > state.commit || log.configurationIndex === role.settledIndex) return
  role.settledIndex = log.configurationIndex
  if (isJoint(log.configuration)) {
    // Not before this leader knows what is committed.
    if (state.commit >= role.firstIndex) appendConfiguration(state, role, out, lastStep(log.configuration))
    else role.settledIndex = -1
    return
  }
  for (const member of role.progress.keys()) if (!isMember(log.configuration, member)) role.progress.delete(member)
  if (isVoter(log.configuration, state.id)) return
  // It has led the others to a cluster without it (§4.2.2). One of them need not wait to take over (§3.10).
  const successor = log.configuration.voters.toSorted((a, b) => matchOf(role, b) - matchOf(role, a))[0]
  if (successor !== undefined) sendAtOnce(state, out, successor, { type: "timeout-now" })
  follow(state, out, state.term, noMember)
}

function matchOf({ progress }: Leader, member: MemberId): number {
  return progress.get(member)?.match ?? 0
}

/** Hands leadership over: no proposals are taken until the other has all, and is told to stand for election (§3.10). */
export function transferLeadership(state: RaftState, to: MemberId): void {
  const { role } = state
  if (role.kind !== "leader" || to === state.id || !isVoter(state.log.configuration, to)) return
  role.transfer = { to, ticksLeft: state.electionTicks, isTold: false }
}

/** Tells who is to take over, as soon as it has everything; again with every tick, should that be lost. */
export function handOver(state: RaftState, out: Effects): void {
  if (state.role.kind !== "leader" || state.role.transfer === undefined) return
  const { transfer, progress } = state.role
  if (transfer.isTold || progress.get(transfer.to)?.match !== state.log.last.index) return
  transfer.isTold = true
  state.role.lease.isForfeit = true
  sendAtOnce(state, out, transfer.to, { type: "timeout-now" })
}
