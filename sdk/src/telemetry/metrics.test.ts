import { describe, expect, it } from "vitest"
import { childrenMax } from "./metric-cell.ts"
import { createMetrics, prometheusName } from "./metrics.ts"
import { documentedMetrics } from "./testing.ts"

describe("metrics", () => {
  it("are told in Prometheus' form", async () => {
    const metrics = createMetrics({ process: false })
    const requests = metrics.counter("requests_total", "Requests.")
    requests.with({ code: "200" }).add(2)
    requests.with({ code: "500" }).add()
    metrics.gauge("depth", "Depth.").with().set(7)
    metrics.observed("alive", "Alive.", () => 1)
    const text = await metrics.text()
    expect(text).toContain('# TYPE requests_total counter\nrequests_total{code="200"} 2\nrequests_total{code="500"} 1')
    expect(text).toContain("# TYPE depth gauge\ndepth 7")
    expect(text).toContain("alive 1")
  })

  it("count a value in every bucket that it fits under", async () => {
    const metrics = createMetrics({ process: false })
    const cell = metrics.histogram("wait_seconds", "Wait.", [0.1, 1]).with({ a: "b" })
    for (const value of [0.05, 0.1, 0.5, 3]) cell.observe(value)
    expect((await metrics.text()).split("\n")).toEqual(
      expect.arrayContaining([
        'wait_seconds_bucket{a="b",le="0.1"} 2',
        'wait_seconds_bucket{a="b",le="1"} 3',
        'wait_seconds_bucket{a="b",le="+Inf"} 4',
        'wait_seconds_sum{a="b"} 3.65',
        'wait_seconds_count{a="b"} 4',
      ]),
    )
  })

  it("give the same cell for the same name and labels, and refuse a name with another type", () => {
    const metrics = createMetrics({ process: false })
    const cell = metrics.counter("a_total", "A.").with({ x: "1" })
    expect(metrics.counter("a_total", "A.").with({ x: "1" })).toBe(cell)
    expect(() => metrics.gauge("a_total", "A.")).toThrow("is a counter already")
  })

  it("with names of OpenTelemetry are told in Prometheus' names, units and labels", async () => {
    const metrics = createMetrics({ process: false })
    metrics.counter("kn.activator.stats.conn.errors", "Errors.", { unit: "{error}" }).with({ peer: "autoscaler" }).add()
    metrics.gauge("kn.revision.pods.desired", "Pods.", { unit: "{pod}" }).with({ "kn.revision.name": "a-1" }).set(3)
    metrics.histogram("http.server.request.body.size", "Sizes.", [10], { unit: "By" }).with().observe(7)
    const text = await metrics.text()
    expect(text).toContain('kn_activator_stats_conn_errors_total{peer="autoscaler"} 1')
    expect(text).toContain('kn_revision_pods_desired{kn_revision_name="a-1"} 3')
    expect(text).toContain('http_server_request_body_size_bytes_bucket{le="10"} 1')
  })

  it("count together what has more label sets than a family may have", async () => {
    const metrics = createMetrics({ process: false })
    const family = metrics.counter("a_total", "A.")
    for (let at = 0; at < childrenMax + 5; at++) family.with({ at: String(at) }).add()
    expect(await metrics.text()).toContain('a_total{otel_metric_overflow="true"} 5')
  })

  it("forget what was removed, and readings that were taken back", async () => {
    const metrics = createMetrics({ process: false })
    metrics.counter("a_total", "A.").with({ x: "1" }).add()
    metrics.counter("a_total", "A.").remove({ x: "1" })
    const undo = metrics.observe("b", "B.", { x: "1" }, () => 1)
    undo()
    expect(await metrics.text()).not.toContain('x="1"')
  })

  it("know the process", async () => {
    const names = createMetrics().all().map(prometheusName)
    expect(names.toSorted()).toEqual(documentedMetrics("Processes"))
    const text = await createMetrics().text()
    expect(text).toMatch(/process_resident_memory_bytes \d{7,}/)
    expect(text).toMatch(/process_cpu_seconds_total \d/)
  })
})
