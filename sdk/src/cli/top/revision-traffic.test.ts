import { describe, expect, it } from "vitest"
import { parseExposition } from "./exposition.ts"
import { snapshotOf, trafficBetween } from "./revision-traffic.ts"

/** What an activator says that answered so many requests, each bucket's count given. */
function exposition(answered: number, failed: number, seconds: number, within: Record<string, number>): string {
  const labels = 'namespace_name="default",revision_name="a-00001"'
  const buckets = Object.entries(within).map(
    ([bound, count]) => `wick_activator_request_duration_seconds_bucket{le="${bound}",${labels}} ${count}`,
  )
  return [
    "# HELP wick_activator_requests_total Requests.",
    `wick_activator_requests_total{${labels},response_code_class="2xx"} ${answered - failed}`,
    `wick_activator_requests_total{${labels},response_code_class="5xx"} ${failed}`,
    `wick_activator_request_duration_seconds_sum{${labels}} ${seconds}`,
    ...buckets,
    "other_total 7",
  ].join("\n")
}

const revision = "default/a-00001"

describe("traffic between two looks", () => {
  const before = snapshotOf([exposition(100, 0, 10, { "0.1": 100, "1": 100, "+Inf": 100 })])

  it("is what came since, per second, over all activators", () => {
    const one = exposition(140, 10, 14, { "0.1": 120, "1": 140, "+Inf": 140 })
    const other = exposition(20, 0, 2, { "0.1": 20, "1": 20, "+Inf": 20 })
    const traffic = trafficBetween(before, snapshotOf([one, other]), 2).get(revision)
    expect(traffic).toMatchObject({ requestsPerSecond: 30, concurrency: 3 })
    expect(traffic?.failing).toBeCloseTo(1 / 6)
    expect(traffic?.p50).toBeCloseTo(75)
    expect(traffic?.p99).toBeGreaterThan(900)
  })

  it("of an activator that began anew is not negative", () => {
    const anew = snapshotOf([exposition(5, 0, 1, { "0.1": 5, "1": 5, "+Inf": 5 })])
    expect(trafficBetween(before, anew, 2).get(revision)).toMatchObject({ requestsPerSecond: 0, concurrency: 0 })
  })

  it("of nothing has no latency", () => {
    const same = trafficBetween(before, before, 2).get(revision)
    expect(same).toEqual({ requestsPerSecond: 0, failing: undefined, p50: undefined, p99: undefined, concurrency: 0 })
  })

  it("beyond the last bound is at least that bound", () => {
    const slow = snapshotOf([exposition(101, 0, 40, { "0.1": 100, "1": 100, "+Inf": 101 })])
    expect(trafficBetween(before, slow, 2).get(revision)?.p50).toBe(1000)
  })
})

it("labels are read with what is escaped in them", () => {
  const [sample] = parseExposition('a_total{path="x\\"y\\\\z",more="1"} 3 1700000000', () => true)
  expect(sample).toEqual({ name: "a_total", labels: { path: 'x"y\\z', more: "1" }, value: 3 })
})
