import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import { createTracing, type Tracing } from "@wick/sdk/tracing"

/** A collector, for what the orchestrator itself does. */
export interface TraceTarget {
  readonly protocol: "http/protobuf" | "grpc"
  readonly endpoint: string
}

interface TracedWorld {
  readonly traces?: TraceTarget | undefined
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  readonly metrics?: Metrics | undefined
}

/**
 * The tracing of one component, under the name that it has in Kubernetes. Components begin no traces: they tell their part
 * of those that come to them with an object, all of these.
 */
export function traceComponent(
  service: string,
  { traces, clock, random, log, metrics }: TracedWorld,
  undo: AsyncDisposableStack,
): Pick<Tracing, "tracer"> | undefined {
  if (traces === undefined) return undefined
  const tracing = undo.use(createTracing({ clock, random, log, metrics, service, write: () => {} }))
  tracing.configure({ ...traces, samplingRate: 1 })
  return tracing
}
