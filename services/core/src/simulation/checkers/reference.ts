import type { Entry } from "#raft"
import { type Change, decodeCommand, Mvcc, type RevisionChanges } from "#store"
import { MemoryRecords } from "../../store/records.ts"
import { Violation } from "./violation.ts"

/** Everything that a state holds, in a form that two of can be compared. */
function contentOf(mvcc: Mvcc): string {
  const changes = mvcc.kept(0, Number.MAX_SAFE_INTEGER).changes.map(({ sub, kv }) => {
    const { key, modRevision, createRevision, version, lease } = kv
    return [key, modRevision, sub, createRevision, version, lease, Buffer.from(kv.value).toString("latin1")]
  })
  const { timeMs, ...position } = mvcc.position
  const leases = mvcc.leaseStates(0).toSorted((a, b) => a.id - b.id)
  const { notes } = mvcc.beside()
  const noted = [...notes].map(([name, { version, value }]) => [name, version, Buffer.from(value).toString("latin1")])
  return JSON.stringify({ position, leases, notes: noted.sort(), changes })
}

export interface EndedLease {
  readonly id: number
  readonly isRevoked: boolean
}

/** The state that follows from what was chosen, made apart from all members: what each of them must have. */
export class Reference {
  readonly #mvcc = new Mvcc(new MemoryRecords())
  /** Index is an entry's index: the revision after it. */
  readonly #revisions: number[] = [1]
  readonly #written: RevisionChanges[] = []
  readonly #onLeaseEnded: (lease: EndedLease) => void

  constructor(onLeaseEnded: (lease: EndedLease) => void) {
    this.#onLeaseEnded = onLeaseEnded
  }

  get revision(): number {
    return this.#mvcc.revision
  }

  get compactRevision(): number {
    return this.#mvcc.compactRevision
  }

  /** Revisions are made from 2 on. */
  changesOf(revision: number): readonly Change[] | undefined {
    return this.#written[revision - 2]?.changes
  }

  get written(): readonly RevisionChanges[] {
    return this.#written
  }

  apply(entry: Entry): void {
    if (entry.kind === "command") {
      const stamped = decodeCommand(entry.data)
      const { kind } = stamped.command
      const before = kind === "expire" || kind === "revoke" ? this.#leases() : []
      this.#written.push(...this.#mvcc.apply(stamped).written)
      const after = new Set(before.length > 0 ? this.#leases() : [])
      for (const id of before) if (!after.has(id)) this.#onLeaseEnded({ id, isRevoked: kind === "revoke" })
    }
    this.#revisions[entry.index] = this.#mvcc.revision
  }

  /** What a member has applied up to `index` must look like this from outside. */
  expectRevision(member: number, index: number, mvcc: Mvcc): void {
    const revision = this.#revisions[index]
    if (mvcc.revision !== revision) {
      const found = `${member} is at revision ${mvcc.revision} after entry ${index}, others at ${revision}`
      throw new Violation("applied states are equal", found)
    }
  }

  /** A member that has applied everything has the same content. */
  expectContent(member: number, mvcc: Mvcc): void {
    const own = contentOf(mvcc)
    const expected = contentOf(this.#mvcc)
    if (own !== expected) {
      let at = 0
      while (own[at] === expected[at]) at++
      const where = `${own.slice(Math.max(0, at - 40), at + 80)} where others have ${expected.slice(at, at + 80)}`
      throw new Violation("applied states are equal", `${member} has ${where}`)
    }
  }

  #leases(): readonly number[] {
    return this.#mvcc.leaseStates(0).map(({ id }) => id)
  }
}
