import type { Entry, MemberId, RaftState } from "#raft"
import { Violation } from "./violation.ts"

/** What was seen of a member when it was last looked at. */
interface Seen {
  readonly raft: RaftState
  /** Index is the entry's index; up to its length the member's log was seen. */
  readonly terms: number[]
  handedOut: number
  term: number
  isLeader: boolean
}

interface Linked {
  readonly previousTerm: number | undefined
  readonly data: Uint8Array
}

/** The five promises of Raft (paper, figure 3), by looking at members after each thing that happens to them. */
export class RaftSafety {
  readonly #seen = new Map<MemberId, Seen>()
  readonly #leaders = new Map<number, MemberId>()
  /** By index and term: what an entry was, and which term the entry before it had. */
  readonly #linked = new Map<number, Map<number, Linked>>()
  readonly #chosen: Entry[] = []
  /** The term of whoever was first seen to apply the entry: it was committed in that one or before. */
  readonly #chosenIn: number[] = []
  readonly #onChosen: (entry: Entry) => void

  /** `onChosen` is called for each entry when the first member hands it out, in the order of the log. */
  constructor(onChosen: (entry: Entry) => void) {
    this.#onChosen = onChosen
  }

  get chosen(): number {
    return this.#chosen.length
  }

  get terms(): number {
    return this.#leaders.size
  }

  look(raft: RaftState): boolean {
    const seen = this.#seenOf(raft)
    const { last } = raft.log
    const isLeader = raft.role.kind === "leader"
    const lastSeen = seen.terms.length - 1
    const isSame = lastSeen === last.index && seen.terms[lastSeen] === last.term
    if (isSame && seen.handedOut === raft.handedOut && seen.isLeader === isLeader && seen.term === raft.term)
      return false
    if (isLeader && seen.isLeader && seen.term === raft.term) this.#expectAppendOnly(raft, seen)
    if (!isSame) this.#expectMatching(raft, seen)
    if (isLeader && !(seen.isLeader && seen.term === raft.term)) this.#onLeader(raft)
    if (raft.handedOut > seen.handedOut) this.#onHandedOut(raft, seen.handedOut)
    seen.handedOut = raft.handedOut
    seen.term = raft.term
    seen.isLeader = isLeader
    return true
  }

  #seenOf(raft: RaftState): Seen {
    const seen = this.#seen.get(raft.id)
    if (seen !== undefined && seen.raft === raft) return seen
    const { start } = raft.log
    const terms: number[] = []
    terms[start.index] = start.term
    this.#expectChosen(raft, start.index, start.term)
    const fresh = { raft, terms, handedOut: start.index, term: raft.term, isLeader: false }
    this.#seen.set(raft.id, fresh)
    return fresh
  }

  #onLeader({ id, term, log }: RaftState): void {
    const other = this.#leaders.get(term)
    if (other !== undefined && other !== id)
      throw new Violation("election safety", `${other} and ${id} lead in ${term}`)
    this.#leaders.set(term, id)
    for (const [at, entry] of this.#chosen.entries()) {
      // A leader of an earlier term than the one in which it was committed may come late: nobody follows it.
      const wasBefore = (this.#chosenIn[at] ?? term) < term
      if (entry.index > log.start.index && wasBefore && log.termAt(entry.index) !== entry.term) {
        const missing = `entry ${entry.index} of term ${entry.term}`
        throw new Violation("leader completeness", `${id} leads in term ${term} without ${missing}`)
      }
    }
  }

  #expectAppendOnly({ id, term, log }: RaftState, { terms }: Seen): void {
    const index = terms.length - 1
    if (index > log.start.index && log.termAt(index) !== terms[index]) {
      throw new Violation("leader append-only", `${id}, leader of ${term}, has changed its entry ${index}`)
    }
  }

  /** An entry is always after the same entry; so logs that share one share all before it. */
  #expectMatching({ id, log }: RaftState, { terms }: Seen): void {
    terms.length = Math.min(terms.length, log.last.index + 1)
    for (let index = log.last.index; index > log.start.index; index--) {
      const term = log.termAt(index) as number
      if (terms[index] === term) break
      terms[index] = term
      const [entry] = log.slice(index - 1, index)
      if (entry !== undefined) this.#link(id, entry, log.termAt(index - 1))
    }
  }

  #link(id: MemberId, { index, term, data }: Entry, previousTerm: number | undefined): void {
    let linked = this.#linked.get(index)
    if (linked === undefined) {
      linked = new Map()
      this.#linked.set(index, linked)
    }
    const other = linked.get(term)
    if (other === undefined) linked.set(term, { previousTerm, data })
    else if (other.previousTerm !== previousTerm || !sameBytes(other.data, data)) {
      throw new Violation("log matching", `${id} has another entry ${index} of term ${term}, or another before it`)
    }
  }

  #onHandedOut(raft: RaftState, from: number): void {
    const { id, log, handedOut } = raft
    const first = Math.max(from, log.start.index)
    // A state came whole; or what was handed out is forgotten already.
    if (log.start.index > from) this.#expectChosen(raft, log.start.index, log.start.term)
    for (const entry of log.slice(first, handedOut)) {
      const chosen = this.#chosen[entry.index - 1]
      if (chosen === undefined) this.#choose(entry, raft.term)
      else if (chosen.term !== entry.term || !sameBytes(chosen.data, entry.data)) {
        throw new Violation("state machine safety", `${id} applies another entry at ${entry.index}`)
      }
    }
  }

  #choose(entry: Entry, term: number): void {
    if (entry.index !== this.#chosen.length + 1) {
      throw new Violation("state machine safety", `entry ${entry.index} is applied before those before it`)
    }
    this.#chosen.push(entry)
    this.#chosenIn.push(term)
    this.#onChosen(entry)
  }

  #expectChosen({ id }: RaftState, index: number, term: number): void {
    if (index === 0) return
    const chosen = this.#chosen[index - 1]
    if (chosen?.term !== term) {
      throw new Violation(
        "state machine safety",
        `${id} has a state up to ${index} of term ${term}, not ${chosen?.term}`,
      )
    }
  }
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a === b || Buffer.compare(a, b) === 0
}
