/**
 * Priority and fairness: whose request is answered first when there are more than the server can work on at once. FlowSchemas
 * sort requests into flows; the flows of a PriorityLevelConfiguration share its seats, and nobody's crowd keeps another out.
 * While seats are free a request passes without waiting and without a promise.
 */
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { must } from "@wick/sdk/assert"
import type { Clock } from "@wick/sdk/clock"
import type { Metrics } from "@wick/sdk/metrics"
import type { UserInfo } from "../authentication/user.ts"
import type { Action } from "../authorization/rule.ts"
import { type Configuration, configurationOf } from "./configuration.ts"
import { type Flow, FlowMetrics, type RefusalReason } from "./flow.ts"
import { boundsOf, LevelSet } from "./level-set.ts"
import type { PriorityLevel } from "./priority-level.ts"

/** What a request holds while it is worked on. */
export interface Seat {
  /** By what it was sorted, as told to its client. */
  readonly sorted: Sorted
  /** More than once is once. */
  leave(): void
}

export interface Sorted {
  readonly schemaUid: string
  readonly levelUid: string
}

export interface Fairness {
  /** A seat now, or when one is free; TooManyRequests when there is no room to wait, or the wait was too long. */
  enter(user: UserInfo, action: Action, asked?: Asked): Seat | Promise<Seat>
  /** Takes effect at once, for who waits too. */
  configure(configuration: Configuration): void
}

export interface Asked {
  /** Seats that the work is worth. */
  readonly width?: number
  /** Asked for only when the request has to wait: aborted when nobody waits for its answer any more. */
  readonly signal?: () => AbortSignal
  /** How long it may wait, if less than is usual. */
  readonly waitMs?: number | undefined
}

export interface FairnessOptions {
  readonly clock: Clock
  readonly metrics: Metrics
}

/** No room: with what the client is told of how it was sorted. */
export class NoSeatError extends StatusError {
  readonly sorted: Sorted

  constructor(sorted: Sorted) {
    super("TooManyRequests", "Too many requests, please try again later.", { retryAfterSeconds })
    this.sorted = sorted
  }
}

/** A quarter of the longest time that a request may take. */
const waitMaxMs = 15_000
const retryAfterSeconds = 1
/** Part of its level that one request may take, however much work it is. */
const widthPart = 0.15
const nothing: Asked = {}

export function createFairness({ clock, metrics }: FairnessOptions): Fairness {
  const levels = new LevelSet(clock)
  const counted = new FlowMetrics(metrics)
  let flows: readonly Flow[] = []
  observeLevels(metrics, levels)

  const configure = ({ levels: specs, schemas }: Configuration): void => {
    levels.configure(specs)
    const names = new Set(schemas.map(({ name, level }) => `${level}/${name}`))
    for (const flow of flows) if (!names.has(`${flow.schema.level}/${flow.schema.name}`)) counted.forget(flow)
    flows = schemas.map((schema) => counted.flow(schema, must(levels.get(schema.level), "a schema's level exists")))
  }
  configure(configurationOf({ levels: [], schemas: [] }))

  const wait = (flow: Flow, width: number, who: string, { signal: asked, waitMs = waitMaxMs }: Asked): Promise<Seat> =>
    new Promise((resolve, reject) => {
      const start = clock.monotonic()
      const signal = asked?.()
      const refuse = (reason: RefusalReason): void => {
        counted.refused(flow, reason, (clock.monotonic() - start) / 1_000)
        reject(new NoSeatError(sortedBy(flow)))
      }
      const sit = (): void => resolve(new HeldSeat(flow, width, clock, start))
      const go = (): void => {
        settle()
        sit()
      }
      const entry = flow.level.enter({ flow: `${flow.schema.name}/${who}`, width, go })
      if (entry.kind === "seated") return sit()
      if (entry.kind === "full") return refuse(flow.level.spec.queuing ? "queue-full" : "concurrency-limit")
      const leave = (reason: RefusalReason): void => {
        if (!entry.leave()) return
        settle()
        refuse(reason)
      }
      const onAbort = (): void => leave("cancelled")
      const timer = clock.timer(Math.min(waitMs, waitMaxMs), () => leave("time-out"))
      const settle = (): void => {
        timer.cancel()
        signal?.removeEventListener("abort", onAbort)
        flow.waiting.add(-1)
      }
      flow.waiting.add(1)
      signal?.addEventListener("abort", onAbort)
      if (signal?.aborted) onAbort()
    })
  return {
    configure,
    enter: (user, action, asked = nothing) => {
      const { width: wanted = 1 } = asked
      const flow = sort(flows, user, action)
      const { level } = flow
      const width = wanted === 1 ? 1 : Math.min(wanted, Math.max(1, Math.ceil(level.nominal * widthPart)))
      if (level.tryEnter(width)) return new HeldSeat(flow, width, clock, clock.monotonic())
      // Seats of others may be free: a level that lets nobody wait has no other chance to get them.
      levels.wanted()
      if (level.tryEnter(width)) return new HeldSeat(flow, width, clock, clock.monotonic())
      return wait(flow, width, distinguish(flow, user, action), asked)
    },
  }
}

function sort(flows: readonly Flow[], user: UserInfo, action: Action): Flow {
  for (const flow of flows) if (flow.schema.matches(user, action)) return flow
  throw new Error("the last schema matches everything")
}

function distinguish({ schema }: Flow, user: UserInfo, action: Action): string {
  if (schema.flows === "by user") return user.name
  return schema.flows === "by namespace" && action.kind === "resource" ? action.namespace : ""
}

function sortedBy({ schema, level }: Flow): Sorted {
  return { schemaUid: schema.uid, levelUid: level.spec.uid }
}

class HeldSeat implements Seat {
  readonly #flow: Flow
  readonly #width: number
  readonly #clock: Clock
  readonly #start: number
  #isLeft = false

  constructor(flow: Flow, width: number, clock: Clock, asked: number) {
    this.#flow = flow
    this.#width = width
    this.#clock = clock
    this.#start = clock.monotonic()
    flow.dispatched.add()
    flow.executing.add()
    flow.executingSeats.add(width)
    flow.waited.observe((this.#start - asked) / 1_000)
  }

  get sorted(): Sorted {
    return sortedBy(this.#flow)
  }

  leave(): void {
    if (this.#isLeft) return
    this.#isLeft = true
    const { level, executing, executingSeats, executed } = this.#flow
    executing.add(-1)
    executingSeats.add(-this.#width)
    executed.observe((this.#clock.monotonic() - this.#start) / 1_000)
    level.leave(this.#width)
  }
}

function observeLevels(metrics: Metrics, levels: LevelSet): void {
  const gauge = (name: string, help: string, read: (level: PriorityLevel) => number): (() => void) =>
    metrics.observed(`apiserver_flowcontrol_${name}`, help, () =>
      levels.all().map((level) => ({ labels: { priority_level: level.spec.name }, value: read(level) })),
    )
  gauge("current_inqueue_seats", "Seats that are waited for.", (level) => level.waitingSeats)
  gauge("nominal_limit_seats", "Seats that are a level's own.", (level) => level.nominal)
  gauge("lower_limit_seats", "Seats that a level lends to nobody.", (level) => boundsOf(level).min)
  gauge("upper_limit_seats", "Seats that a level may have with all that it may borrow.", (level) => boundsOf(level).max)
  gauge("current_limit_seats", "Seats that a level has now.", (level) => level.limit)
}
