import type { Kind, KindOf } from "../api/kind.ts"
import { isNamespaceTerminating, isStatus, StatusError } from "../api/meta/status-error.ts"
import type { Clock, Timer } from "../clock/index.ts"
import type { Log } from "../telemetry/log.ts"
import type { Metrics } from "../telemetry/metrics.ts"
import { type LoopMetrics, loopMetrics, type MetricNames, type Outcome } from "./controller-metrics.ts"
import type { Change, Informer } from "./informer.ts"
import { NotLeadingError } from "./leadership-term.ts"
import { done, type Result, TerminalError } from "./result.ts"
import { allShares, type Shares } from "./shares/shares.ts"
import { WorkQueue } from "./work-queue.ts"

/** What wakes a controller: a change of an informer's object → keys to look at again. Make one with `watchOf`. */
export interface ControllerWatch {
  readonly synced: Promise<void>
  subscribe(wake: (key: string) => void, wakeAfter: (key: string, ms: number) => void): () => void
}

/** Ties an informer to the keys that its changes concern: to be looked at soon, or after a while that gathers changes. */
export function watchOf<K extends Kind>(
  informer: Informer<K>,
  keys: (change: Change<KindOf<K>>) => Iterable<string>,
  afterMs = 0,
): ControllerWatch {
  return {
    synced: informer.synced,
    subscribe: (wake, wakeAfter) =>
      informer.onChange((change) => {
        for (const key of keys(change)) {
          if (afterMs > 0) wakeAfter(key, afterMs)
          else wake(key)
        }
      }),
  }
}

export interface ControllerOptions {
  readonly name: string
  readonly clock: Clock
  readonly log: Log
  readonly watches: readonly ControllerWatch[]
  /** Looks at the whole state of `key` again. Level-based: it never learns what woke it. */
  readonly reconcile: (key: string, signal: AbortSignal) => Promise<Result>
  /** Keys that are worked on at the same time, each by one call; 1 unless told. */
  readonly concurrency?: number
  /** Which keys are this loop's, of several processes' that watch the same; all unless told. */
  readonly shares?: Shares | undefined
  /** Where the loop tells how long reconciles take, how many wait and how many fail. */
  readonly metrics?: Metrics | undefined
  /** By which names; Kubernetes' unless told. */
  readonly metricNames?: MetricNames
}

/** A running reconcile loop. Disposing of it aborts what runs and waits for it. */
export interface Controller extends AsyncDisposable {
  /** Looks at `key` soon, or after a while. */
  wake(key: string, afterMs?: number): void
  /** Resolves when nothing is to be done and nothing is being done; keys may wait for a later moment. */
  idle(): Promise<void>
}

/**
 * Starts when every watched informer has synced. From a watch's bytes to the call of `reconcile` there is one
 * microtask, so that all events of one chunk wake a key once.
 */
export function createController(options: ControllerOptions): Controller {
  return new ReconcileLoop(options)
}

async function leftToAnother(): Promise<Result> {
  return done
}

class ReconcileLoop implements Controller {
  readonly #options: ControllerOptions
  readonly #log: Log
  readonly #queue: WorkQueue
  readonly #metrics: LoopMetrics | undefined
  readonly #stop = new AbortController()
  readonly #running = new Set<Promise<void>>()
  readonly #unshare: (() => void) | undefined
  #unsubscribe: () => void = () => {}
  #idleWaiters: (() => void)[] = []
  #started = false
  #poked = false
  #timer: { dueMs: number; timer: Timer } | undefined

  constructor(options: ControllerOptions) {
    this.#options = options
    this.#log = options.log.with({ controller: options.name })
    const { metrics, metricNames: names = "kubernetes", name, clock } = options
    this.#metrics = loopMetrics({ metrics, names, name, clock, depth: () => this.#queue.readyCount })
    this.#queue = new WorkQueue(this.#metrics?.queued)
    this.#subscribe()
    this.#unshare = options.shares?.onChange(() => this.#subscribe())
    void Promise.all(options.watches.map((watch) => watch.synced)).then(() => {
      this.#started = true
      this.#pump()
    })
  }

  wake(key: string, afterMs = 0): void {
    if (afterMs > 0) this.#queue.addAt(key, this.#options.clock.monotonic() + afterMs)
    else this.#queue.add(key)
    this.#poke()
  }

  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise((resolve) => this.#idleWaiters.push(resolve))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort()
    this.#unshare?.()
    this.#unsubscribe()
    this.#timer?.timer.cancel()
    await Promise.all(this.#running)
    this.#metrics?.close()
    for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }

  /** Wakes all that there is: a key that has become ours was not looked at while it was another's. */
  #subscribe(): void {
    this.#unsubscribe()
    const wake = (key: string, afterMs?: number): void => this.wake(key, afterMs)
    const undo = this.#options.watches.map((watch) => watch.subscribe(wake, wake))
    this.#unsubscribe = () => {
      for (const each of undo) each()
    }
  }

  /** Pumps once after all that runs synchronously now: a chunk of many events is one turn. */
  #poke(): void {
    if (this.#poked || !this.#started) return
    this.#poked = true
    queueMicrotask(() => {
      this.#poked = false
      this.#pump()
    })
  }

  #pump(): void {
    if (this.#stop.signal.aborted) return
    const { clock, concurrency = 1 } = this.#options
    while (this.#running.size < concurrency) {
      const key = this.#queue.take(clock.monotonic())
      if (key === undefined) break
      const work = this.#work(key).finally(() => {
        this.#running.delete(work)
        this.#pump()
      })
      this.#running.add(work)
    }
    this.#armTimer()
    if (this.#isIdle()) for (const resolve of this.#idleWaiters.splice(0)) resolve()
  }

  #isIdle(): boolean {
    return this.#started && this.#queue.idle && this.#running.size === 0
  }

  async #work(key: string): Promise<void> {
    const { clock, shares = allShares } = this.#options
    const reconcile = shares.owns(key) ? this.#options.reconcile : leftToAnother
    this.#metrics?.begun(key)
    let outcome: Outcome = "ok"
    try {
      const { wakeAfterMs } = await reconcile(key, this.#stop.signal)
      this.#queue.forget(key)
      if (wakeAfterMs !== undefined) this.#queue.addAt(key, clock.monotonic() + wakeAfterMs)
    } catch (error) {
      outcome = this.#failed(key, error)
    } finally {
      this.#queue.done(key)
    }
    this.#metrics?.ended(key, outcome)
  }

  #failed(key: string, error: unknown): Outcome {
    if (this.#stop.signal.aborted) return "ok"
    if (error instanceof TerminalError) {
      this.#queue.forget(key)
      this.#log.error("cannot be reconciled until it changes", { key, error: error.message })
      return "terminal"
    }
    const isFirst = !this.#queue.hasFailed(key)
    const waitMs = this.#queue.retry(key, this.#options.clock.monotonic())
    if (isOrdinary(error, isFirst)) this.#log.debug("lost a race; trying again", { key, waitMs, error: told(error) })
    else this.#log.warn("reconcile failed; trying again", { key, waitMs, error: told(error) })
    return "retry"
  }

  #armTimer(): void {
    const dueMs = this.#queue.nextDueMs()
    if (dueMs === this.#timer?.dueMs) return
    this.#timer?.timer.cancel()
    this.#timer = undefined
    if (dueMs === undefined) return
    const { clock } = this.#options
    const timer = clock.timer(Math.max(0, dueMs - clock.monotonic()), () => {
      this.#timer = undefined
      this.#pump()
    })
    this.#timer = { dueMs, timer }
  }
}

/**
 * Nobody has to do anything about it:
 *   Conflict     another writer was faster, and the change that it made is on its way to us
 *   NotFound     so was one who took it away, or made it (AlreadyExists); if so the next time too, it is a trouble
 *   terminating  its namespace goes, and it goes with that
 *   not leading  whoever leads next does the work, ourselves too
 */
function isOrdinary(error: unknown, isFirst: boolean): boolean {
  if (error instanceof NotLeadingError || isNamespaceTerminating(error)) return true
  return isStatus(error, "Conflict") || (isFirst && isStatus(error, "NotFound", "AlreadyExists"))
}

/** The API's no says all there is to say; anything else may be a bug, of which one wants to know where it is. */
function told(error: unknown): unknown {
  return error instanceof StatusError ? error.message : error
}
