import { afterEach, expect, it } from "vitest"
import { type Data, readConfig } from "../api/serving/config/index.ts"
import { systemClock, systemRandom } from "../clock/index.ts"
import { silentLog } from "../telemetry/log.ts"
import { createMetrics } from "../telemetry/metrics.ts"
import { followFigures } from "./follow-figures.ts"
import type { ConfigSource } from "./index.ts"

/** An address of this machine's own that nobody else listens at. */
const host = "127.118.7.9"

/** The operators' map, as a test writes it. */
function operators() {
  let data: Data = {}
  const listeners = new Set<() => void>()
  const config: ConfigSource = {
    synced: Promise.resolve(),
    current: () => readConfig({ "config-observability": data }),
    onChange: (listener) => {
      listeners.add(listener)
      return () => listeners.delete(listener)
    },
  }
  const set = (given: Data): void => {
    data = given
    for (const listener of listeners) listener()
  }
  return { config, set }
}

const running = new AsyncDisposableStack()
afterEach(() => running.disposeAsync())

const read = (port: number, path = "/metrics"): Promise<string> =>
  fetch(`http://${host}:${port}${path}`).then((answer) => answer.text())

it("serves figures, those of requests and profiles at Knative's ports, each while the operators want it", async () => {
  const { config, set } = operators()
  const [metrics, requestMetrics] = [createMetrics({ process: false }), createMetrics({ process: false })]
  metrics.gauge("own", "Own.").with().set(1)
  requestMetrics.gauge("of_requests", "Of requests.").with().set(2)
  const world = { metrics, requestMetrics, clock: systemClock, random: systemRandom, log: silentLog, host }
  running.use(followFigures(config, { ...world, service: "activator" }))
  await expect(read(9090)).rejects.toThrow()
  set({ "metrics-protocol": "prometheus", "runtime-profiling": "enabled" })
  await expect.poll(() => read(9090)).toContain("own 1")
  await expect.poll(() => read(8008, "/debug/pprof/profile?seconds=0.05")).toContain("nodes")
  await expect(read(9091)).rejects.toThrow()
  set({ "request-metrics-protocol": "prometheus" })
  await expect.poll(() => read(9091)).toContain("of_requests 2")
  await expect.poll(() => read(9090).catch(() => "refused")).toBe("refused")
  await expect.poll(() => read(8008).catch(() => "refused")).toBe("refused")
  set({})
  await expect.poll(() => read(9091).catch(() => "refused")).toBe("refused")
})
