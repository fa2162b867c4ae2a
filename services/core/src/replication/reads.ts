import { NotLeaderError } from "#store"

/** Ticks after which a question that was not answered is asked again: it may have been lost. */
const askTicksMax = 3
/** Ticks that a reader waits: longer than an election takes. */
const answerTicksMax = 50

interface Reader {
  readonly sinceTick: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

interface Round {
  readonly read: number
  askedTick: number
  readonly readers: readonly Reader[]
}

/**
 * Reads that are not stale (thesis §6.4). Whoever asks while a question is on its way waits for the next one, so a
 * round of heartbeats serves all who came since the last: a question must begin after the read does.
 *
 *     waiting ──▶ round: the leader is asked for its commit index ──▶ confirmed: until that much is applied here
 */
export class Reads {
  readonly #ask: (read: number) => void
  #waiting: Reader[] = []
  #round: Round | undefined
  #confirmed: { readonly index: number; readonly readers: readonly Reader[] }[] = []
  /** Goes on from a chosen number at each start: answers to an earlier run are never taken for ours. */
  #lastRead: number
  #tick = 0

  constructor(firstRead: number, ask: (read: number) => void) {
    this.#lastRead = firstRead
    this.#ask = ask
  }

  confirm(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ sinceTick: this.#tick, resolve, reject })
      this.#begin()
    })
  }

  /** What this read asked for is there once `index` is applied. */
  answered(read: number, index: number, appliedIndex: number): void {
    if (this.#round?.read !== read) return
    this.#confirmed.push({ index, readers: this.#round.readers })
    this.#round = undefined
    this.applied(appliedIndex)
    this.#begin()
  }

  applied(index: number): void {
    if (this.#confirmed.length === 0) return
    const done = this.#confirmed.filter((each) => each.index <= index)
    if (done.length === 0) return
    this.#confirmed = this.#confirmed.filter((each) => each.index > index)
    for (const { readers } of done) for (const { resolve } of readers) resolve()
  }

  /** Another leads: what the one before was asked for, it will not answer. */
  leaderChanged(): void {
    if (this.#round !== undefined) this.#askAgain(this.#round)
  }

  ticked(): void {
    this.#tick++
    const isOver = ({ sinceTick }: Reader): boolean => this.#tick - sinceTick >= answerTicksMax
    const over = this.#readers().filter(isOver)
    if (over.length > 0) {
      this.#waiting = this.#waiting.filter((reader) => !isOver(reader))
      this.#confirmed = this.#confirmed.map(({ index, readers }) => ({
        index,
        readers: readers.filter((each) => !isOver(each)),
      }))
      this.#confirmed = this.#confirmed.filter(({ readers }) => readers.length > 0)
      if (this.#round !== undefined) {
        const readers = this.#round.readers.filter((reader) => !isOver(reader))
        this.#round = readers.length === 0 ? undefined : { ...this.#round, readers }
      }
      for (const { reject } of over)
        reject(new NotLeaderError("no leader has confirmed in time that the read is not stale"))
      this.#begin()
    }
    if (this.#round !== undefined && this.#tick - this.#round.askedTick >= askTicksMax) this.#askAgain(this.#round)
  }

  stop(error: Error): void {
    for (const { reject } of this.#readers()) reject(error)
    this.#waiting = []
    this.#round = undefined
    this.#confirmed = []
  }

  #readers(): readonly Reader[] {
    return [...this.#waiting, ...(this.#round?.readers ?? []), ...this.#confirmed.flatMap(({ readers }) => readers)]
  }

  #begin(): void {
    if (this.#round !== undefined || this.#waiting.length === 0) return
    const readers = this.#waiting
    this.#waiting = []
    this.#round = { read: ++this.#lastRead, askedTick: this.#tick, readers }
    this.#ask(this.#round.read)
  }

  /** Under the same number: an answer to the first question too was given after these readers had come. */
  #askAgain(round: Round): void {
    round.askedTick = this.#tick
    this.#ask(round.read)
  }
}
