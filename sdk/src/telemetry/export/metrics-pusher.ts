import type { Timer } from "../../clock/index.ts"
import { openOtlp } from "../otlp/channel.ts"
import type { ExportSettings, ExportWorld, Outlet } from "./metrics-export.ts"
import { encodeMetrics } from "./metrics-messages.ts"

/** Between two sendings unless the operators say otherwise, as in OpenTelemetry. */
const intervalMsDefault = 60_000
/** More often than this would measure the sending itself. */
const intervalMsMin = 100

/**
 * Sends all figures to a collector once in each interval. One sending at a time: what is late is left out, since the next
 * one tells the whole again. Throws where the endpoint is none.
 */
export async function startPushing(
  settings: ExportSettings & { readonly protocol: "http/protobuf" | "grpc" },
  world: ExportWorld,
): Promise<Outlet> {
  const { clock, random, log, metrics, service, about } = world
  const { protocol, endpoint } = settings
  const channel = await openOtlp({ signal: "metrics", protocol, endpoint, clock, random })
  const intervalMs = Math.max(intervalMsMin, settings.intervalMs || intervalMsDefault)
  const fixed = { resource: { "service.name": service, ...about }, scopeName: `wick/${service}`, startMs: clock.now() }
  let isClosed = false
  let saidSo = false
  let timer: Timer | undefined
  const push = async (): Promise<void> => {
    const begunMs = clock.monotonic()
    for (const message of encodeMetrics(metrics.all(), { ...fixed, nowMs: clock.now() })) {
      const { state, why } = await channel.send(message)
      if (isClosed) return
      // One line per trouble.
      if (state === "lost" && !saidSo) log.warn("figures are not taken", { endpoint, why })
      saidSo = state === "lost"
      if (state === "lost") break
    }
    plan(intervalMs - (clock.monotonic() - begunMs))
  }
  const plan = (inMs: number): void => {
    timer = clock.timer(Math.max(intervalMsMin, inMs), () => void push())
  }
  plan(intervalMs)
  return {
    [Symbol.asyncDispose]: async () => {
      isClosed = true
      timer?.cancel()
      channel[Symbol.dispose]()
    },
  }
}
