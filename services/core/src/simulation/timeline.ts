/** Something that is to happen. */
interface Happening {
  readonly at: number
  readonly order: number
  readonly run: () => void
  isCancelled: boolean
}

/**
 * The time of a simulated world, in milliseconds, and all that is going to happen in it. One thing happens after another:
 * the earliest first, of those at the same time the one that was planned first. Before the next, every promise callback
 * that it has made runnable has run.
 */
export class Timeline {
  #now = 0
  #order = 0
  /** A heap: what is at `n` comes before what is at `2n + 1` and at `2n + 2`. */
  readonly #heap: Happening[] = []
  readonly #afterEach: () => void

  constructor(afterEach: () => void) {
    this.#afterEach = afterEach
  }

  get now(): number {
    return this.#now
  }

  /** Things that have happened or are planned. */
  get planned(): number {
    return this.#order
  }

  /** Returns what calls it off. */
  after(ms: number, run: () => void): () => void {
    const happening = { at: this.#now + Math.max(ms, 0), order: this.#order++, run, isCancelled: false }
    this.#push(happening)
    return () => {
      happening.isCancelled = true
    }
  }

  /** Lets happen what comes until `end`, or until `isOver`. */
  runUntil(end: number, isOver: () => boolean = () => false): void {
    runPromiseCallbacks()
    while (!isOver()) {
      const next = this.#heap[0]
      if (next === undefined || next.at > end) break
      this.#pop()
      if (next.isCancelled) continue
      this.#now = next.at
      next.run()
      runPromiseCallbacks()
      this.#afterEach()
    }
    if (!isOver()) this.#now = Math.max(this.#now, end)
  }

  #push(happening: Happening): void {
    const heap = this.#heap
    let at = heap.length
    heap.push(happening)
    while (at > 0) {
      const parent = (at - 1) >> 1
      const above = heap[parent] as Happening
      if (!isBefore(happening, above)) break
      heap[at] = above
      at = parent
    }
    heap[at] = happening
  }

  #pop(): void {
    const heap = this.#heap
    const last = heap.pop() as Happening
    if (heap.length === 0) return
    let at = 0
    for (;;) {
      let child = 2 * at + 1
      if (child >= heap.length) break
      const right = heap[child + 1]
      if (right !== undefined && isBefore(right, heap[child] as Happening)) child++
      const below = heap[child] as Happening
      if (!isBefore(below, last)) break
      heap[at] = below
      at = child
    }
    heap[at] = last
  }
}

function isBefore(a: Happening, b: Happening): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

const { _tickCallback: runQueues } = process as unknown as { readonly _tickCallback: () => void }

/**
 * Runs every promise callback that is runnable, and those that they make so, before it returns: what Node does itself
 * between two timers. It takes a tenth of a microsecond, where a turn of the event loop takes ten times as long. Does
 * nothing inside of a promise callback, so a world is run by `outsideOfPromises`.
 */
function runPromiseCallbacks(): void {
  runQueues.call(process)
}

/** Runs `task` in a turn of the event loop of its own. */
export function outsideOfPromises<Result>(task: () => Result): Promise<Result> {
  return new Promise((resolve, reject) => {
    setImmediate(() => {
      try {
        resolve(task())
      } catch (error) {
        reject(error as Error)
      }
    })
  })
}
