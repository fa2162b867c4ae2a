import { describe, expect, it } from "vitest"
import { createMetrics } from "./metrics.ts"

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

  it("know the process", async () => {
    const text = await createMetrics().text()
    expect(text).toMatch(/process_resident_memory_bytes \d{7,}/)
    expect(text).toMatch(/process_cpu_seconds_total \d/)
  })
})
