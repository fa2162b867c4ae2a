import type { Client } from "@wick/sdk/client"
import type { Clock, Random } from "@wick/sdk/clock"
import type { Informers } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import type { Tracing } from "@wick/sdk/tracing"

/** What every controller works with. */
export interface ControllerContext {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics?: Metrics | undefined
  /** What a traced change leads to is traced with it. */
  readonly tracing?: Pick<Tracing, "tracer"> | undefined
}
