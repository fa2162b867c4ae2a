import { describe, expect, it } from "vitest"
import { SimulatedClock, seededRandom, systemClock, systemRandom } from "../../clock/index.ts"
import { silentLog } from "../log.ts"
import { createMetrics } from "../metrics.ts"
import { startOtlpSink } from "../otlp/testing.ts"
import { createMetricsExport, type ExportWorld } from "./metrics-export.ts"
import { encodeMetrics, exportMetrics, pointsPerMessageMax } from "./metrics-messages.ts"

function figures() {
  const metrics = createMetrics({ process: false })
  metrics.gauge("kn.revision.pods.desired", "Pods.", { unit: "{pod}" }).with({ "kn.revision.name": "a-1" }).set(3)
  metrics.counter("kn.workqueue.adds", "Keys.", { unit: "{item}" }).with({ name: "route" }).add(2)
  const cell = metrics.histogram("kn.serving.invocation.duration", "Time.", [0.1, 1], { unit: "s" }).with()
  for (const value of [0.05, 0.5, 3]) cell.observe(value)
  return metrics
}

const world = (more: Partial<ExportWorld> = {}): ExportWorld => ({
  metrics: figures(),
  clock: systemClock,
  random: systemRandom,
  log: silentLog,
  service: "activator",
  about: { "service.instance.id": "activator-0" },
  ...more,
})

const decoded = (message: Buffer) => {
  const [one] = exportMetrics.decode(message).resources
  return { resource: one?.resource, metrics: one?.scopes[0]?.metrics ?? [] }
}

describe("figures for a collector", () => {
  it("keep their OpenTelemetry names and units, and say what kind they are", () => {
    const about = { resource: { "service.name": "a" }, scopeName: "wick/a", startMs: 1000, nowMs: 2000 }
    const [message = Buffer.alloc(0)] = encodeMetrics(figures().all(), about)
    const { metrics } = decoded(message)
    expect(metrics.map(({ name, unit }) => [name, unit])).toEqual([
      ["kn.revision.pods.desired", "{pod}"],
      ["kn.workqueue.adds", "{item}"],
      ["kn.serving.invocation.duration", "s"],
    ])
    const [gauge, sum, histogram] = metrics
    expect(gauge?.gauge?.points).toMatchObject([
      { value: 3, start: 1_000_000_000n, time: 2_000_000_000n, attributes: [{ key: "kn.revision.name" }] },
    ])
    expect(sum?.sum).toMatchObject({ isMonotonic: true, temporality: 2, points: [{ value: 2 }] })
    expect(histogram?.histogram).toMatchObject({
      temporality: 2,
      points: [{ count: 3n, sum: 3.55, counts: [1n, 1n, 1n], bounds: [0.1, 1] }],
    })
  })

  it("go in messages of a bounded size, and none of them is lost", () => {
    const metrics = createMetrics({ process: false })
    const family = metrics.gauge("a", "A.")
    const total = pointsPerMessageMax * 2 + 5
    for (let at = 0; at < total; at++) family.with({ at: String(at) }).set(at)
    const about = { resource: {}, scopeName: "s", startMs: 0, nowMs: 0 }
    const sizes = encodeMetrics(metrics.all(), about).map((one) => decoded(one).metrics[0]?.gauge?.points.length)
    expect(sizes).toEqual([pointsPerMessageMax, pointsPerMessageMax, 5])
  })
})

describe("the export of figures", () => {
  it.each(["http/protobuf", "grpc"] as const)("sends them by %s once in each interval", async (protocol) => {
    await using sink = await startOtlpSink()
    await using running = createMetricsExport(world())
    const endpoint = protocol === "grpc" ? sink.grpcEndpoint : sink.httpEndpoint
    running.configure({ protocol, endpoint, intervalMs: 100 })
    await sink.until(() => sink.received.length >= 2)
    const { resource, metrics } = decoded(sink.received[0]?.message ?? Buffer.alloc(0))
    expect(sink.received[0]?.signal).toBe("metrics")
    expect(resource?.attributes).toMatchObject([
      { key: "service.name", value: { text: "activator" } },
      { key: "service.instance.id", value: { text: "activator-0" } },
    ])
    expect(metrics).toHaveLength(3)
  })

  it("is told elsewhere from the moment the settings say so, and ends with them", async () => {
    await using running = createMetricsExport(world({ scrape: { host: "127.0.0.1", port: 0 } }))
    const settings = { protocol: "prometheus", endpoint: "", intervalMs: 0 } as const
    running.configure(settings)
    const place = await running.settled()
    const url = `http://127.0.0.1:${place?.port}/metrics`
    expect(await (await fetch(url)).text()).toContain('kn_revision_pods_desired{kn_revision_name="a-1"} 3')
    running.configure({ ...settings, protocol: "none" })
    expect(await running.settled()).toBeUndefined()
    await expect(fetch(url)).rejects.toThrow()
    running.configure({ ...settings, endpoint: "127.0.0.1:0" })
    expect(await running.settled()).toBeDefined()
  })

  it("opens no place where figures are served already, and goes on after settings that cannot be", async () => {
    const told: string[] = []
    const log = { ...silentLog, error: (text: string) => void told.push(text) }
    await using running = createMetricsExport(world({ log }))
    running.configure({ protocol: "prometheus", endpoint: "", intervalMs: 0 })
    expect(await running.settled()).toBeUndefined()
    running.configure({ protocol: "grpc", endpoint: "ftp://nowhere", intervalMs: 0 })
    await running.settled()
    expect(told).toEqual(["cannot export figures"])
  })

  it("sends nothing between its intervals, and one message at a time", async () => {
    const clock = new SimulatedClock(0)
    await using sink = await startOtlpSink()
    await using running = createMetricsExport(world({ clock, random: seededRandom(1) }))
    running.configure({ protocol: "http/protobuf", endpoint: sink.httpEndpoint, intervalMs: 0 })
    await running.settled()
    await clock.advance(59_000)
    expect(sink.received).toHaveLength(0)
    await clock.advance(2_000)
    await sink.until(() => sink.received.length > 0)
    expect(sink.received).toHaveLength(1)
  })
})
