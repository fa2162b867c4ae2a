import { assert } from "@wick/sdk/assert"
import type { LogPosition, MemberId } from "#raft"
import { NotLeaderError, type Origin, type Outcome, OverloadedError, requestSizeMax, UnavailableError } from "#store"

/** Bytes of commands that one write to the log takes at most; the others wait for the next one. */
export const batchSizeMax = 2 * requestSizeMax
/** What the log adds to a command at most, in bytes: a record's header, index and term, padding. */
export const recordOverhead = 64
/** Bytes of commands that are not answered yet, beyond which callers are refused: they would wait for seconds. */
const waitingSizeMax = 64 * 1024 * 1024
/** Ticks that a caller waits for an answer: longer than an election takes, and one more should that be lost. */
const answerTicksMax = 50

export interface Proposal {
  /** The command, encoded; a leader that was handed it puts its own time in. */
  readonly bytes: Buffer
  /** Another member has handed it to this one, and wants to be told that it is in the log; the rest it sees itself. */
  readonly handedOn: (() => void) | undefined
  readonly sinceTick: number
  readonly resolve: (outcome: Outcome) => void
  readonly reject: (error: Error) => void
}

/** In this member's own log, or handed to a leader in this term. */
interface Sent {
  readonly proposal: Proposal
  readonly term: number
}

/**
 * What callers have asked to be written, until it is known what became of it.
 *
 *     inbox ──▶ pending: in the log, at an index ──▶ applied there: done · another's entry there: surely not done
 *     parked ─▶ forwarded: handed to the leader ──▶ applied with its number: done · an entry of a later term applied
 *                                                   and it was not before that: surely not done
 *
 * What is surely not done is tried again; what is neither, when its time is over, is answered as unknown. These two are
 * never mistaken for each other: whoever tries again what was done would do it twice.
 */
export class Proposals {
  readonly #self: MemberId
  #inbox: Proposal[] = []
  #parked: Proposal[] = []
  readonly #pending = new Map<number, Sent>()
  readonly #forwarded = new Map<number, Sent>()
  /** Numbers go on from a chosen one at each start: answers to an earlier run are never taken for ours. */
  #lastRequest: number
  #size = 0
  #tick = 0

  constructor(self: MemberId, firstRequest: number) {
    this.#self = self
    this.#lastRequest = firstRequest
  }

  get hasInbox(): boolean {
    return this.#inbox.length > 0
  }

  /** Undefined when another can be taken in. */
  get refusal(): OverloadedError | undefined {
    if (this.#size <= waitingSizeMax) return undefined
    const waiting = this.#inbox.length + this.#parked.length + this.#pending.size + this.#forwarded.size
    return new OverloadedError(`${waiting} writes are waiting to be written already`)
  }

  /** For this member's own log if it leads, else to be handed on. */
  add(bytes: Buffer, leads: boolean): Promise<Outcome> {
    return new Promise((resolve, reject) => {
      const proposal = { bytes, handedOn: undefined, sinceTick: this.#tick, resolve, reject }
      if (leads) this.#inbox.push(proposal)
      else this.#parked.push(proposal)
      this.#size += bytes.length + recordOverhead
    })
  }

  /** For another member, by the leader. Resolves when it is in the log. */
  addHandedOn(bytes: Buffer): Promise<void> {
    return new Promise((resolve, reject) => {
      const answered = (): void => assert(false, "who was told that it is in the log needs no answer")
      this.#inbox.push({ bytes, handedOn: resolve, sinceTick: this.#tick, resolve: answered, reject })
      this.#size += bytes.length + recordOverhead
    })
  }

  /** What goes into the log next. */
  takeBatch(sizeMax: number): { readonly proposals: readonly Proposal[]; readonly size: number } {
    let size = 0
    let count = 0
    for (const { bytes } of this.#inbox) {
      const next = size + bytes.length + recordOverhead
      if (count > 0 && next > sizeMax) break
      size = next
      count++
    }
    const all = count === this.#inbox.length
    const proposals = all ? this.#inbox : this.#inbox.slice(0, count)
    this.#inbox = all ? [] : this.#inbox.slice(count)
    return { proposals, size }
  }

  /** They are in the log from here on, one after another. */
  appended(proposals: readonly Proposal[], { index, term }: LogPosition): void {
    proposals.forEach((proposal, at) => {
      if (proposal.handedOn === undefined) {
        this.#supersede(index + at)
        this.#pending.set(index + at, { proposal, term })
      } else {
        this.#size -= proposal.bytes.length + recordOverhead
        proposal.handedOn()
      }
    })
  }

  /**
   * This member led before, lost what it had there, and leads again. Another may still have the old entry, and come to lead
   * with it: nobody knows yet.
   */
  #supersede(index: number): void {
    const before = this.#pending.get(index)
    if (before === undefined) return
    const message = "the leader changed twice before it was decided: it may have been written"
    this.reject([before.proposal], new UnavailableError(message))
  }

  /** They are not in any log: they wait for a leader that takes them. */
  park(proposals: readonly Proposal[]): void {
    for (const proposal of proposals) {
      // Who handed it to this member looks for the leader itself.
      if (proposal.handedOn === undefined) this.#parked.push(proposal)
      else this.reject([proposal], new NotLeaderError("this member does not lead"))
    }
  }

  /** This member leads: what waits for a leader goes to its own log. */
  takeOver(restamp: (bytes: Buffer) => Buffer): void {
    for (const proposal of this.#parked) {
      const bytes = restamp(proposal.bytes)
      this.#size += bytes.length - proposal.bytes.length
      this.#inbox.push({ ...proposal, bytes })
    }
    this.#parked = []
  }

  /** It leads no more: nothing of this was put in its log. */
  yield(): void {
    const inbox = this.#inbox
    this.#inbox = []
    this.park(inbox)
  }

  /** Everything that waits for a leader is handed to the one of `term`: each with the number that it will be known by. */
  forward(term: number): readonly { readonly request: number; readonly proposal: Proposal }[] {
    const parked = this.#parked
    this.#parked = []
    return parked.map((proposal) => {
      const request = ++this.#lastRequest
      this.#forwarded.set(request, { proposal, term })
      return { request, proposal }
    })
  }

  /** The leader has surely not put it into its log. With an error: because of what it is. */
  returned(request: number, error: Error | undefined): void {
    const sent = this.#forwarded.get(request)
    if (sent === undefined) return
    this.#forwarded.delete(request)
    if (error === undefined) this.#parked.push(sent.proposal)
    else this.reject([sent.proposal], error)
  }

  /** An entry was applied: how to answer whoever asked for it here. Undefined: it was nobody here. */
  applied({ index, term }: LogPosition, origin: Origin | undefined, outcome: Outcome): (() => void) | undefined {
    const pending = this.#pending.get(index)
    if (pending !== undefined) {
      this.#pending.delete(index)
      if (pending.term === term) return this.#answer(pending.proposal, outcome)
      this.park([pending.proposal]) // another leader has put its own there
    }
    if (origin?.member !== this.#self) return undefined
    const sent = this.#forwarded.get(origin.request)
    if (sent === undefined) return undefined
    this.#forwarded.delete(origin.request)
    return this.#answer(sent.proposal, outcome)
  }

  /** The first entry of a term is applied: no entry of an earlier term comes after it. */
  termBegan({ index, term }: LogPosition): void {
    for (const [at, sent] of this.#pending) {
      if (sent.term >= term || at < index) continue
      this.#pending.delete(at)
      this.park([sent.proposal])
    }
    for (const [request, sent] of this.#forwarded) {
      if (sent.term >= term) continue
      this.#forwarded.delete(request)
      this.#parked.push(sent.proposal)
    }
  }

  /** The state has gone on without applying entry by entry: nobody here knows any more which of these were in it. */
  jumped(): void {
    const lost = [...this.#pending.values(), ...this.#forwarded.values()].map(({ proposal }) => proposal)
    this.#pending.clear()
    this.#forwarded.clear()
    this.reject(
      lost,
      new UnavailableError("this member was brought up to date meanwhile: the write may have been made"),
    )
  }

  /** Callers who have waited too long are answered. */
  ticked(): void {
    this.#tick++
    const isOver = ({ sinceTick }: Proposal): boolean => this.#tick - sinceTick >= answerTicksMax
    const notDone = [...this.#parked.filter(isOver), ...this.#inbox.filter(isOver)]
    if (notDone.length > 0) {
      this.#parked = this.#parked.filter((proposal) => !isOver(proposal))
      this.#inbox = this.#inbox.filter((proposal) => !isOver(proposal))
      this.reject(notDone, new NotLeaderError("no leader was found in time; nothing was written"))
    }
    for (const sent of [this.#pending, this.#forwarded]) {
      for (const [at, { proposal }] of sent) {
        if (!isOver(proposal)) continue
        sent.delete(at)
        this.reject(
          [proposal],
          new UnavailableError("the other members did not answer in time: it may have been written"),
        )
      }
    }
  }

  /** Whatever waits will not be answered otherwise. */
  stop(error: Error): void {
    const sent = [...this.#pending.values(), ...this.#forwarded.values()].map(({ proposal }) => proposal)
    this.#pending.clear()
    this.#forwarded.clear()
    this.reject([...sent, ...this.#inbox, ...this.#parked], error)
    this.#inbox = []
    this.#parked = []
  }

  reject(proposals: readonly Proposal[], error: Error): void {
    for (const proposal of proposals) {
      this.#size -= proposal.bytes.length + recordOverhead
      proposal.reject(error)
    }
  }

  #answer({ bytes, resolve }: Proposal, outcome: Outcome): () => void {
    this.#size -= bytes.length + recordOverhead
    return () => resolve(outcome)
  }
}
