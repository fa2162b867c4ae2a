/**
 * Whether what clients were told can have come from one store that did one thing at a time: for each operation there is a
 * moment between its call and its return at which it was done (Herlihy and Wing, 1990). Found by the search of Wing and
 * Gong with Lowe's memory of what was tried ("Testing for linearizability", 2017). Pure; times may be any numbers that
 * order calls and returns.
 */

export interface Operation<Input, Output> {
  readonly client: number | string
  readonly input: Input
  /** What the client was told. Undefined: nothing, so it may be done at any time after its call, or never. */
  readonly output: Output | undefined
  readonly calledAt: number
  /** Of no meaning without an output. At the very time of another's call, both are taken to overlap. */
  readonly returnedAt: number
}

export type History<Input, Output> = readonly Operation<Input, Output>[]

/** What a store does that does one thing at a time. */
export interface Model<State, Input, Output> {
  readonly initial: State
  /**
   * The state after the operation; undefined when it would not have been answered so in this state. Without an output any
   * answer will do. The very same `state` must be returned when nothing changes.
   */
  step(state: State, input: Input, output: Output | undefined): State | undefined
  equal(a: State, b: State): boolean
  /** Whether it leaves every state as it is in which it is answered so: when it can be done first, it may. */
  changesNothing(input: Input, output: Output): boolean
  /** Parts of the history that have nothing to do with each other: each is looked at by itself. */
  partition?(history: History<Input, Output>): readonly History<Input, Output>[]
}

export type Verdict<Input, Output> =
  | { readonly kind: "linearizable" }
  /** `done` is the longest order that was found; none of `stuck`, which all were under way then, could follow on it. */
  | { readonly kind: "illegal"; readonly done: History<Input, Output>; readonly stuck: History<Input, Output> }
  /** The search was given up: the history has too many operations at the same time. */
  | { readonly kind: "undecided" }

/** Operations tried before the search is given up: some seconds of work. */
const stepsMaxDefault = 5_000_000

export function checkLinearizable<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: History<Input, Output>,
  stepsMax = stepsMaxDefault,
): Verdict<Input, Output> {
  for (const part of model.partition?.(history) ?? [history]) {
    const verdict = new Search(model, part).run(stepsMax)
    if (verdict.kind !== "linearizable") return verdict
  }
  return { kind: "linearizable" }
}

/** One part a key, for models whose keys have nothing to do with each other. */
export function partitionBy<Input, Output>(
  history: History<Input, Output>,
  keyOf: (input: Input) => string,
): readonly History<Input, Output>[] {
  return [...Map.groupBy(history, ({ input }) => keyOf(input)).values()]
}

/** A decision of the search, and what it takes to undo it. */
interface Choice<State> {
  readonly operation: number
  readonly before: State
  /** It changes nothing, so that to choose it first was as good as any order: there is no other choice to try. */
  readonly isFree: boolean
  /** Of an operation with an unknown outcome: its place among these; else -1. */
  readonly unknownAt: number
}

interface Tried<State> {
  readonly set: Uint32Array
  readonly state: State
}

/** Stands before the first event and behind the last. */
const head = 0

/**
 * Calls and returns stand in a ring in order of time. An operation that is chosen is taken out; the next one must be among
 * those called before the first return that is left. Operations of unknown outcome have no return, and come last: most of
 * them were never done, or much later.
 */
class Search<State, Input, Output> {
  readonly #model: Model<State, Input, Output>
  readonly #history: History<Input, Output>
  readonly #next: Int32Array
  readonly #previous: Int32Array
  /** Of a call: its operation. Of a return: -1 - operation. Operations are numbered as in the history. */
  readonly #operationAt: Int32Array
  readonly #callOf: Int32Array
  readonly #returnOf: Int32Array
  readonly #unknown: number[]
  readonly #chosen: Uint32Array
  readonly #tried = new Map<number, Tried<State>[]>()
  readonly #choices: Choice<State>[] = []
  #longest: { readonly done: number[]; readonly stuck: number[] } = { done: [], stuck: [] }
  #state: State
  #left = 0
  #hash = 0
  #hashHigh = 0

  constructor(model: Model<State, Input, Output>, history: History<Input, Output>) {
    this.#model = model
    this.#history = history
    this.#state = model.initial
    const isKnown = (at: number): boolean => history[at]?.output !== undefined
    const numbers = [...history.keys()]
    const known = numbers.filter(isKnown)
    this.#unknown = numbers.filter((at) => !isKnown(at)).sort((a, b) => this.#calledAt(a) - this.#calledAt(b))
    const events = [
      ...known.map((at) => ({ at, time: this.#calledAt(at), isReturn: false })),
      ...known.map((at) => ({ at, time: this.#returnedAt(at), isReturn: true })),
    ].sort((a, b) => a.time - b.time || Number(a.isReturn) - Number(b.isReturn))
    this.#next = Int32Array.from({ length: events.length + 1 }, (_, at) => (at + 1) % (events.length + 1))
    this.#previous = Int32Array.from({ length: events.length + 1 }, (_, at) => (at === 0 ? events.length : at - 1))
    this.#operationAt = new Int32Array(events.length + 1)
    this.#callOf = new Int32Array(history.length)
    this.#returnOf = new Int32Array(history.length)
    events.forEach(({ at, isReturn }, place) => {
      this.#operationAt[place + 1] = isReturn ? -1 - at : at
      if (isReturn) this.#returnOf[at] = place + 1
      else this.#callOf[at] = place + 1
    })
    this.#chosen = new Uint32Array(Math.ceil(history.length / 32))
    this.#left = known.length
  }

  run(stepsMax: number): Verdict<Input, Output> {
    let steps = 0
    let event = this.#at(this.#next, head)
    /** -1 while operations of known outcome are tried. */
    let unknownAt = -1
    while (this.#left > 0) {
      if (++steps > stepsMax) return { kind: "undecided" }
      const operation = this.#at(this.#operationAt, event)
      if (unknownAt < 0 && operation >= 0) {
        event = this.#choose(operation, -1) ? this.#at(this.#next, head) : this.#at(this.#next, event)
        continue
      }
      // The first return: what has been called before it and is not done must be among what was not answered.
      unknownAt = this.#chooseUnknown(Math.max(unknownAt, 0), this.#returnedAt(-1 - operation))
      if (unknownAt < 0) {
        event = this.#at(this.#next, head)
        continue
      }
      this.#note(event)
      const undone = this.#undo()
      if (undone === undefined) return this.#illegal()
      event =
        undone.unknownAt < 0 ? this.#at(this.#next, this.#at(this.#callOf, undone.operation)) : this.#firstReturn()
      unknownAt = undone.unknownAt < 0 ? -1 : undone.unknownAt + 1
    }
    return { kind: "linearizable" }
  }

  /** -1: one was chosen. Else there is none. */
  #chooseUnknown(from: number, until: number): number {
    for (let at = from; at < this.#unknown.length; at++) {
      const operation = this.#unknown[at] ?? 0
      if (this.#calledAt(operation) > until) return at
      if (!this.#isChosen(operation) && this.#choose(operation, at)) return -1
    }
    return this.#unknown.length
  }

  #choose(operation: number, unknownAt: number): boolean {
    const { input, output } = this.#operation(operation)
    const before = this.#state
    const after = this.#model.step(before, input, output)
    if (after === undefined) return false
    if (after === before && unknownAt >= 0) return false // whether it was done here or not, nobody can tell
    const isFree = output !== undefined && this.#model.changesNothing(input, output)
    this.#flip(operation)
    if (!isFree && !this.#remember(after)) {
      this.#flip(operation)
      return false
    }
    this.#choices.push({ operation, before, isFree, unknownAt })
    this.#state = after
    if (unknownAt < 0) this.#takeOut(operation)
    return true
  }

  /** Undoes the latest choice to which there is an alternative. */
  #undo(): Choice<State> | undefined {
    for (let choice = this.#choices.pop(); choice !== undefined; choice = this.#choices.pop()) {
      this.#flip(choice.operation)
      if (choice.unknownAt < 0) this.#putBack(choice.operation)
      this.#state = choice.before
      if (!choice.isFree) return choice
    }
    return undefined
  }

  /** False when the same operations have led to the same state before: what follows was tried then. */
  #remember(state: State): boolean {
    const hash = (this.#hashHigh & 0x1fffff) * 2 ** 32 + (this.#hash >>> 0)
    const tried = this.#tried.get(hash)
    if (tried?.some(({ set, state: other }) => sameSet(set, this.#chosen) && this.#model.equal(state, other)))
      return false
    const entry = { set: this.#chosen.slice(), state }
    if (tried === undefined) this.#tried.set(hash, [entry])
    else tried.push(entry)
    return true
  }

  #takeOut(operation: number): void {
    for (const event of [this.#at(this.#callOf, operation), this.#at(this.#returnOf, operation)]) {
      this.#next[this.#at(this.#previous, event)] = this.#at(this.#next, event)
      this.#previous[this.#at(this.#next, event)] = this.#at(this.#previous, event)
    }
    this.#left--
  }

  #putBack(operation: number): void {
    for (const event of [this.#at(this.#returnOf, operation), this.#at(this.#callOf, operation)]) {
      this.#next[this.#at(this.#previous, event)] = event
      this.#previous[this.#at(this.#next, event)] = event
    }
    this.#left++
  }

  #firstReturn(): number {
    let event = this.#at(this.#next, head)
    while (this.#at(this.#operationAt, event) >= 0) event = this.#at(this.#next, event)
    return event
  }

  #note(firstReturn: number): void {
    if (this.#longest.stuck.length > 0 && this.#choices.length <= this.#longest.done.length) return
    const stuck: number[] = []
    for (let event = this.#at(this.#next, head); event !== firstReturn; event = this.#at(this.#next, event)) {
      stuck.push(this.#at(this.#operationAt, event))
    }
    this.#longest = { done: this.#choices.map(({ operation }) => operation), stuck }
  }

  #illegal(): Verdict<Input, Output> {
    const operations = (numbers: readonly number[]): History<Input, Output> => numbers.map((at) => this.#operation(at))
    return { kind: "illegal", done: operations(this.#longest.done), stuck: operations(this.#longest.stuck) }
  }

  #flip(operation: number): void {
    this.#chosen[operation >>> 5] = (this.#chosen[operation >>> 5] ?? 0) ^ (1 << (operation & 31))
    this.#hash ^= scramble(operation, 0x9e3779b9)
    this.#hashHigh ^= scramble(operation, 0x85ebca6b)
  }

  #isChosen(operation: number): boolean {
    return ((this.#chosen[operation >>> 5] ?? 0) & (1 << (operation & 31))) !== 0
  }

  #operation(at: number): Operation<Input, Output> {
    return this.#history[at] as Operation<Input, Output>
  }

  #calledAt(at: number): number {
    return this.#operation(at).calledAt
  }

  #returnedAt(at: number): number {
    return this.#operation(at).returnedAt
  }

  #at(array: Int32Array, index: number): number {
    return array[index] as number
  }
}

function sameSet(a: Uint32Array, b: Uint32Array): boolean {
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false
  return true
}

function scramble(number: number, seed: number): number {
  let mixed = Math.imul(number + 1, seed)
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d)
  mixed = Math.imul(mixed ^ (mixed >>> 12), 0x297a2d39)
  return mixed ^ (mixed >>> 15)
}
