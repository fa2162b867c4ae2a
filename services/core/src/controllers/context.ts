import type { Client } from "@wick/sdk/client"
import type { Clock, Random } from "@wick/sdk/clock"
import type { Informers } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"

/** What every controller works with. */
export interface ControllerContext {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
}
