import type { Clock, Timer } from "@wick/sdk/clock"
import type { ActivatorMessage, RevisionLoad } from "@wick/sdk/wire"
import type { Backend } from "../backend/backend.ts"
import { LoadHistory } from "./load-history.ts"

/** Between reports while there is load. */
const intervalMs = 1000
/** Between reports while load grows or requests wait: the autoscaler then sees a burst within a tenth of a second. */
const urgentMs = 50
/** From the first request that waits to the report on it: those that came with it are in it too. */
const gatherMs = 10

/**
 * Tells the autoscaler what load there is. Nothing runs while there is none: the first request wakes it, and a revision
 * that has fallen idle is reported once more, with zeros.
 */
export class LoadReporter {
  readonly #clock: Clock
  readonly #send: (message: ActivatorMessage) => void
  readonly #awake = new Set<Backend>()
  readonly #poked = new Set<Backend>()
  readonly #histories = new Map<Backend, LoadHistory>()
  #connected = false
  /** Until when load has been told, and when the last report left. */
  #reportedMs: number
  #sentMs = Number.NEGATIVE_INFINITY
  #next: { dueMs: number; timer: Timer } | undefined

  constructor(clock: Clock, send: (message: ActivatorMessage) => void) {
    this.#clock = clock
    this.#send = send
    this.#reportedMs = clock.monotonic()
  }

  readonly woken = (backend: Backend): void => {
    // Time without any load is no part of the first report after it.
    if (this.#awake.size === 0) this.#reportedMs = this.#clock.monotonic()
    this.#awake.add(backend)
    this.#plan(this.#reportedMs + intervalMs)
  }

  readonly pressed = (backend: Backend): void => {
    if (backend.ready.length === 0 && this.#connected && !this.#poked.has(backend)) {
      this.#poked.add(backend)
      const { namespace, name, line } = backend
      const cause = line.first?.trace?.cause
      this.#send({ type: "poke", namespace, name, ...(cause !== undefined && { cause }) })
    }
    this.#plan(Math.max(this.#clock.monotonic() + gatherMs, this.#sentMs + urgentMs))
  }

  /** The stream to the autoscaler is open (again): it knows nothing of us yet. */
  connected(): void {
    this.#connected = true
    this.#poked.clear()
    this.#tellHistory()
    for (const backend of this.#awake) if (backend.line.size > 0) this.pressed(backend)
    if (this.#awake.size > 0) this.#plan(0)
  }

  /** Load goes on being measured; the first report after reconnecting covers the gap. */
  disconnected(): void {
    this.#connected = false
  }

  stop(): void {
    this.#next?.timer.cancel()
    this.#connected = false
  }

  #tellHistory(): void {
    const now = this.#clock.monotonic()
    this.#forgetOld(now)
    const revisions = [...this.#histories].map(([{ namespace, name }, history]) => ({
      namespace,
      name,
      stretches: history.stretches(now),
    }))
    if (revisions.length > 0) this.#send({ type: "history", revisions })
  }

  #forgetOld(nowMs: number): void {
    for (const [backend, history] of this.#histories) if (history.isOver(nowMs)) this.#histories.delete(backend)
  }

  #remember(backend: Backend, load: RevisionLoad, nowMs: number, elapsedMs: number): void {
    const history = this.#histories.get(backend) ?? new LoadHistory()
    this.#histories.set(backend, history)
    history.add(nowMs - elapsedMs, nowMs, load.concurrency * elapsedMs, load.requests)
  }

  #plan(dueMs: number): void {
    if (!this.#connected || (this.#next !== undefined && this.#next.dueMs <= dueMs)) return
    this.#next?.timer.cancel()
    const timer = this.#clock.timer(Math.max(0, dueMs - this.#clock.monotonic()), () => this.#report())
    this.#next = { dueMs, timer }
  }

  #report(): void {
    this.#next = undefined
    if (!this.#connected) return
    const now = this.#clock.monotonic()
    const elapsedMs = now - this.#reportedMs
    this.#reportedMs = now
    this.#sentMs = now
    this.#poked.clear()
    let urgent = false
    const revisions: RevisionLoad[] = []
    for (const backend of this.#awake) {
      urgent ||= backend.line.size > 0 || backend.meter.now > 2 * backend.reportedConcurrency + 4
      const load = loadOf(backend, now, elapsedMs)
      backend.reportedConcurrency = load.concurrencyNow
      backend.calledDirectly = false
      revisions.push(load)
      this.#remember(backend, load, now, elapsedMs)
      if (load.requests === 0 && load.concurrency === 0) {
        backend.awake = false
        this.#awake.delete(backend)
      }
    }
    if (this.#histories.size > this.#awake.size) this.#forgetOld(now)
    if (revisions.length > 0) this.#send({ type: "load", intervalMs: elapsedMs, revisions })
    if (this.#awake.size > 0) this.#plan(now + (urgent ? urgentMs : intervalMs))
  }
}

function loadOf(backend: Backend, nowMs: number, elapsedMs: number): RevisionLoad {
  const { areaMs, requests } = backend.meter.read(nowMs)
  const pods: Record<string, number> = {}
  for (const pod of backend.pods.values()) if (pod.inFlight > 0) pods[pod.name] = pod.inFlight
  const cause = backend.line.first?.trace?.cause ?? backend.lastTraced?.context
  backend.lastTraced = undefined
  return {
    namespace: backend.namespace,
    name: backend.name,
    concurrency: elapsedMs > 0 ? areaMs / elapsedMs : backend.meter.now,
    concurrencyNow: backend.meter.now,
    waiting: backend.line.size,
    requests,
    pods,
    ...(cause !== undefined && { cause }),
    ...(backend.calledDirectly && { direct: true }),
  }
}
