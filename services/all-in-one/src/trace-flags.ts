import type { ControlPlaneOptions } from "@wick/core"
import * as z from "zod"

/** Flags that say where the orchestrator's own part of traces goes; what serving traces, config-observability says. */
export const traceFlags = {
  "tracing-endpoint": z
    .url({ protocol: /^https?$/, error: "must be http://HOST:PORT or https://HOST:PORT of an OpenTelemetry collector" })
    .optional(),
  "tracing-protocol": z.enum(["http/protobuf", "grpc"], "must be http/protobuf or grpc").default("http/protobuf"),
}

interface TraceFlags {
  readonly "tracing-endpoint"?: string | undefined
  readonly "tracing-protocol": "http/protobuf" | "grpc"
}

/** Undefined where nothing is to be traced. */
export function tracesOf(flags: TraceFlags): ControlPlaneOptions["traces"] {
  const { "tracing-endpoint": endpoint, "tracing-protocol": protocol } = flags
  return endpoint === undefined ? undefined : { endpoint, protocol }
}
