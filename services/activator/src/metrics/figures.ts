import { createMetrics, type Metrics } from "@wick/sdk/metrics"
import { type ConfigSource, type FiguresWorld, followFigures } from "@wick/sdk/serving-config"
import type { Fleet } from "../cluster/fleet.ts"
import { exposeRequests, exposeRevisions } from "./expose-revisions.ts"
import type { RequestMeasuring } from "./request-series.ts"

/** All that an activator tells of itself and its revisions, as `config-observability` wants it from one moment to the next. */
export function tellFigures(
  given: Omit<FiguresWorld, "service" | "requestMetrics"> & {
    readonly fleet: Fleet
    readonly measuring: RequestMeasuring
    readonly config: ConfigSource
  },
  started: AsyncDisposableStack,
): Pick<Metrics, "contentType" | "text"> {
  const { metrics, fleet, measuring, config } = given
  exposeRevisions(metrics, () => fleet.backends)
  const requests = createMetrics({ process: false })
  exposeRequests(requests, () => fleet.backends)
  const protocol = (): string => config.current().observability["request-metrics-protocol"]
  config.onChange(() => {
    measuring.isOn = protocol() !== "none"
    if (!measuring.isOn) for (const backend of fleet.backends) backend.metrics.requests.clear()
  })
  started.use(followFigures(config, { ...given, requestMetrics: requests, service: "activator" }))
  const { contentType } = metrics
  const told = async (): Promise<string> => (protocol() === "prometheus" ? requests.text() : "")
  return { contentType, text: async () => (await metrics.text()) + (await told()) }
}
