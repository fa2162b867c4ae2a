import type { CounterCell, GaugeCell, HistogramCell, Metrics } from "@wick/sdk/metrics"
import type { SchemaSpec } from "./configuration.ts"
import type { PriorityLevel } from "./priority-level.ts"

/** Why a request was not let in, as Kubernetes counts it. */
export type RefusalReason = "queue-full" | "concurrency-limit" | "time-out" | "cancelled"

/** A schema, its level, and what is counted of its requests. */
export interface Flow {
  readonly schema: SchemaSpec
  readonly level: PriorityLevel
  readonly dispatched: CounterCell
  readonly executing: GaugeCell
  readonly executingSeats: GaugeCell
  readonly waiting: GaugeCell
  readonly waited: HistogramCell
  readonly executed: HistogramCell
}

/** Seconds, as kube-apiserver measures what it lets wait. */
const buckets = [0, 0.005, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30]
const prefix = "apiserver_flowcontrol_"

/** Makes what is counted per schema, and forgets it with the schema. */
export class FlowMetrics {
  readonly #metrics: Metrics

  constructor(metrics: Metrics) {
    this.#metrics = metrics
  }

  flow(schema: SchemaSpec, level: PriorityLevel): Flow {
    const labels = labelsOf(schema)
    return {
      schema,
      level,
      dispatched: this.#dispatched().with(labels),
      executing: this.#executing().with(labels),
      executingSeats: this.#executingSeats().with(labels),
      waiting: this.#waiting().with(labels),
      waited: this.#waited().with({ ...labels, execute: "true" }),
      executed: this.#executed().with(labels),
    }
  }

  refused({ schema }: Flow, reason: RefusalReason, waitedSeconds: number): void {
    this.#rejected()
      .with({ ...labelsOf(schema), reason })
      .add()
    this.#waited()
      .with({ ...labelsOf(schema), execute: "false" })
      .observe(waitedSeconds)
  }

  forget({ schema }: Flow): void {
    const labels = labelsOf(schema)
    for (const family of [this.#dispatched(), this.#executing(), this.#executingSeats(), this.#waiting()]) {
      family.remove(labels)
    }
    this.#executed().remove(labels)
    for (const execute of ["true", "false"]) this.#waited().remove({ ...labels, execute })
    const reasons: RefusalReason[] = ["queue-full", "concurrency-limit", "time-out", "cancelled"]
    for (const reason of reasons) this.#rejected().remove({ ...labels, reason })
  }

  #dispatched() {
    return this.#metrics.counter(
      `${prefix}dispatched_requests_total`,
      "Requests that were let through, by level and flow schema.",
    )
  }

  #rejected() {
    return this.#metrics.counter(
      `${prefix}rejected_requests_total`,
      "Requests that were refused for want of room, by level, flow schema and reason.",
    )
  }

  #executing() {
    return this.#metrics.gauge(`${prefix}current_executing_requests`, "Requests that are worked on.")
  }

  #executingSeats() {
    return this.#metrics.gauge(`${prefix}current_executing_seats`, "Seats that are taken.")
  }

  #waiting() {
    return this.#metrics.gauge(`${prefix}current_inqueue_requests`, "Requests that wait.")
  }

  #waited() {
    return this.#metrics.histogram(`${prefix}request_wait_duration_seconds`, "How long requests waited.", buckets)
  }

  #executed() {
    return this.#metrics.histogram(`${prefix}request_execution_duration_seconds`, "How long seats were held.", buckets)
  }
}

function labelsOf({ level, name }: SchemaSpec): Record<string, string> {
  return { priority_level: level, flow_schema: name }
}
