import { leaderOf, type MemberId, noMember, type RaftState } from "#raft"
import { decodeCommand, NotLeaderError, restampCommand, UnavailableError } from "#store"
import type { ClusterDoor } from "./cluster-door.ts"
import { type Answer, decodeAnswer, decodeCall, encodeAnswer, encodeCall, type MemberCall } from "./member-call.ts"
import type { Proposal, Proposals } from "./proposals.ts"
import { NotSentError, type Transport } from "./transport.ts"

/** Longest wait for another member's answer. */
const callTimeoutMs = 5_000

interface Parts {
  readonly raft: RaftState
  readonly transport: Transport | undefined
  readonly proposals: Proposals
  /** Store time. */
  readonly timeMs: () => number
  /** Why nothing can be taken in now. */
  readonly refusal: () => Error | undefined
  readonly wake: () => void
  readonly cluster: () => ClusterDoor
}

/**
 * Commands on their way from the member that was asked to the one that leads. The leader says only whether it has put a
 * command into its log; what comes of it the asking member sees when it applies it, and so can answer even if the
 * leader is gone by then.
 */
export class Forwarding {
  readonly #parts: Parts

  constructor(parts: Parts) {
    this.#parts = parts
  }

  /** What waits for a leader goes to it, if there is one. */
  forward(): void {
    const { raft, proposals, transport } = this.#parts
    const leader = leaderOf(raft)
    if (leader === raft.id) {
      // They bear the time that it seemed to be while nobody led; store time stood still then.
      proposals.takeOver((bytes) => restampCommand(bytes, { timeMs: this.#parts.timeMs() }))
      if (proposals.hasInbox) this.#parts.wake()
    } else if (leader !== noMember && transport !== undefined) {
      const { term } = raft
      for (const { request, proposal } of proposals.forward(term)) void this.#handOn(leader, term, request, proposal)
    }
  }

  async #handOn(leader: MemberId, term: number, request: number, { bytes }: Proposal): Promise<void> {
    const { proposals } = this.#parts
    const answer = await this.#ask(leader, { kind: "propose", term, request, command: bytes })
    if ("value" in answer || answer.error instanceof UnavailableError) return // it shows when it is applied, or is not
    proposals.returned(request, answer.error instanceof NotLeaderError ? undefined : answer.error)
  }

  /** To the leader; rejects with NotLeaderError when nothing was done, with UnavailableError when nobody knows. */
  async askLeader(operation: string, parameters: readonly unknown[]): Promise<unknown> {
    const leader = leaderOf(this.#parts.raft)
    if (leader === noMember) throw new NotLeaderError("this member knows of no leader; nothing was done")
    const answer = await this.#ask(leader, { kind: "cluster", operation, parameters })
    if ("error" in answer) throw answer.error
    return answer.value
  }

  /** Whether the other member says that this one was removed. */
  async wasRemoved(member: MemberId): Promise<boolean> {
    const answer = await this.#ask(member, { kind: "was-removed" })
    return "value" in answer && answer.value === true
  }

  /** What another member asks. */
  async answer(from: MemberId, request: Uint8Array): Promise<Uint8Array> {
    let answer: Answer
    try {
      answer = { value: (await this.#carryOut(from, decodeCall(request))) ?? null }
    } catch (error) {
      answer = { error: error as Error }
    }
    return encodeAnswer(answer)
  }

  async #carryOut(from: MemberId, call: MemberCall): Promise<unknown> {
    const { raft, proposals, refusal, timeMs, wake, cluster } = this.#parts
    if (call.kind === "was-removed") return cluster().wasRemoved(from)
    if (call.kind === "cluster") return cluster().carryOut(call.operation, call.parameters)
    const refused = refusal()
    if (refused !== undefined) throw refused
    if (raft.role.kind !== "leader" || raft.term !== call.term) throw new NotLeaderError("this member does not lead")
    decodeCommand(call.command) // what cannot be read must not get into the log, where all would stumble over it
    const bytes = restampCommand(call.command, {
      timeMs: timeMs(),
      origin: { member: from, request: call.request },
    })
    const appended = proposals.addHandedOn(bytes)
    wake()
    await appended
    return null
  }

  async #ask(to: MemberId, call: MemberCall): Promise<Answer> {
    const { transport } = this.#parts
    if (transport === undefined) return { error: new NotLeaderError("this member has no peers") }
    try {
      return decodeAnswer(await transport.call(to, encodeCall(call), callTimeoutMs))
    } catch (error) {
      if (error instanceof NotSentError) return { error: new NotLeaderError(error.message) }
      return { error: new UnavailableError(`no answer from member ${to}, so it may have been done: ${String(error)}`) }
    }
  }
}
