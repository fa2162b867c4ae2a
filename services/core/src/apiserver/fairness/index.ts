/**
 * Priority and fairness: whose request is answered first when there are more than the server can work on at once.
 * Requests are sorted into flows by who asks; flows of a level share its seats, and nobody's crowd keeps another out.
 * While seats are free a request passes without waiting and without a promise.
 */
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { must } from "@wick/sdk/assert"
import type { Clock } from "@wick/sdk/clock"
import type { CounterCell, Metrics } from "@wick/sdk/metrics"
import type { UserInfo } from "../authentication/user.ts"
import type { Action } from "../authorization/rule.ts"
import { exempt, type FlowSchemaSpec, flowSchemas, type LevelSpec, levels } from "./bootstrap.ts"
import { PriorityLevel } from "./priority-level.ts"

/** What a request holds while it is worked on. */
export interface Seat {
  leave(): void
}

export interface Fairness {
  /** A seat now, or when one is free; TooManyRequests when there is no room to wait, or the wait was too long. */
  enter(user: UserInfo, action: Action): Seat | Promise<Seat>
}

export interface FairnessOptions {
  readonly clock: Clock
  readonly metrics: Metrics
}

/** Requests that are worked on at once, over all levels: kube-apiserver's 400 reading and 200 writing. */
const seatsTotal = 600
/** A quarter of the longest time that a request may take. */
const waitMaxMs = 15_000
const retryAfterSeconds = 1

const freely: Seat = { leave: () => {} }

interface Flow {
  readonly schema: FlowSchemaSpec
  /** Absent: exempt. */
  readonly level?: PriorityLevel
  readonly dispatched: CounterCell
}

export function createFairness({ clock, metrics }: FairnessOptions): Fairness {
  const sum = levels.reduce((shares, level) => shares + level.shares, 0)
  const seatsOf = (spec: LevelSpec): number => Math.ceil((seatsTotal * spec.shares) / sum)
  const made = new Map(levels.map((spec) => [spec.name, new PriorityLevel(spec, seatsOf(spec))]))
  const gauge = (name: string, help: string, read: (level: PriorityLevel) => number): void =>
    metrics.observed(`apiserver_flowcontrol_${name}`, help, () =>
      [...made.values()].map((level) => ({ labels: { priority_level: level.spec.name }, value: read(level) })),
    )
  gauge("current_executing_seats", "Seats that are taken, by level.", (level) => level.taken)
  gauge("current_inqueue_requests", "Requests that wait, by level.", (level) => level.waitingCount)
  gauge("nominal_limit_seats", "Seats that a level has.", (level) => level.seats)
  const dispatched = metrics.counter(
    "apiserver_flowcontrol_dispatched_requests_total",
    "Requests that were let through, by level and flow schema.",
  )
  const rejected = metrics.counter(
    "apiserver_flowcontrol_rejected_requests_total",
    "Requests that were refused for want of room, by level, flow schema and reason.",
  )
  const flows = flowSchemas.map((schema): Flow => {
    const labels = { priority_level: schema.level, flow_schema: schema.name }
    const level = schema.level === exempt ? undefined : must(made.get(schema.level), "a schema's level exists")
    return { schema, dispatched: dispatched.with(labels), ...(level && { level }) }
  })
  const refusal = ({ schema }: Flow, reason: "queue-full" | "concurrency-limit" | "time-out"): StatusError => {
    rejected.with({ priority_level: schema.level, flow_schema: schema.name, reason }).add()
    return new StatusError("TooManyRequests", "Too many requests, please try again later.", { retryAfterSeconds })
  }
  const wait = (flow: Flow, level: PriorityLevel, user: UserInfo): Promise<Seat> =>
    new Promise((resolve, reject) => {
      const go = (): void => {
        timer?.cancel()
        flow.dispatched.add()
        resolve(level)
      }
      let timer: { cancel(): void } | undefined
      const entry = level.enter(`${flow.schema.name}/${user.name}`, { go })
      if (entry.kind === "seated") return go()
      if (entry.kind === "full") return reject(refusal(flow, level.spec.queuing ? "queue-full" : "concurrency-limit"))
      timer = clock.timer(waitMaxMs, () => {
        if (entry.leave()) reject(refusal(flow, "time-out"))
      })
    })
  return {
    enter: (user, action) => {
      const flow = must(
        flows.find(({ schema }) => schema.matches(user, action)),
        "the last schema matches everything",
      )
      const { level } = flow
      if (level !== undefined && !level.tryEnter()) return wait(flow, level, user)
      flow.dispatched.add()
      return level ?? freely
    },
  }
}
