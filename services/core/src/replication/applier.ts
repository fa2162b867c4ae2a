import { assert } from "@wick/sdk/assert"
import type { Entry, LogPosition } from "#raft"
import { decodeCommand, type Mvcc, type RevisionChanges, type WatchHub } from "#store"
import type { Proposals } from "./proposals.ts"

/** Entries that mean something to the member beside what they do to the state. */
export interface AppliedNotice {
  /** Everything that earlier leaders wrote is applied. */
  termBegan(term: number): void
  configured(): void
  noted(name: string): void
}

/** Makes the state follow the log: entry by entry, each once, then watchers, then callers. */
export class Applier {
  readonly #mvcc: Mvcc
  readonly #hub: WatchHub
  readonly #proposals: Proposals
  readonly #notice: AppliedNotice
  #position: LogPosition

  constructor(
    { mvcc, hub, applied }: { readonly mvcc: Mvcc; readonly hub: WatchHub; readonly applied: LogPosition },
    proposals: Proposals,
    notice: AppliedNotice,
  ) {
    this.#mvcc = mvcc
    this.#hub = hub
    this.#position = applied
    this.#proposals = proposals
    this.#notice = notice
  }

  /** What the state holds everything up to. */
  get position(): LogPosition {
    return this.#position
  }

  apply(entries: readonly Entry[]): void {
    let written: RevisionChanges[] = []
    const answers: (() => void)[] = []
    const notices: (() => void)[] = []
    for (const entry of entries) {
      assert(entry.index === this.#position.index + 1, "entries are applied in order, each once")
      if (entry.term > this.#position.term) this.#proposals.termBegan(entry)
      this.#position = { index: entry.index, term: entry.term }
      if (entry.kind === "noop") notices.push(() => this.#notice.termBegan(entry.term))
      else if (entry.kind === "configuration") notices.push(() => this.#notice.configured())
      if (entry.kind !== "command") continue
      const stamped = decodeCommand(entry.data)
      const { command, origin } = stamped
      if (command.kind === "compact") {
        this.#hub.publish(written) // before what watchers are to be told was there before is forgotten
        written = []
      } else if (command.kind === "note") notices.push(() => this.#notice.noted(command.name))
      const applied = this.#mvcc.apply(stamped)
      for (const revision of applied.written) written.push(revision)
      const answer = this.#proposals.applied(entry, origin, applied.outcome)
      if (answer !== undefined) answers.push(answer)
    }
    this.#hub.publish(written)
    for (const notice of notices) notice()
    for (const answer of answers) answer()
  }

  /** The state of a later position has come whole. */
  jump(position: LogPosition, mvcc: Mvcc): void {
    const { revision } = this.#mvcc
    this.#mvcc.become(mvcc)
    this.#position = position
    this.#proposals.jumped()
    this.#hub.jumped(revision)
  }
}
