import { describe, expect, it } from "vitest"
import { SimulatedClock, seededRandom, systemClock, systemRandom } from "../../clock/index.ts"
import { silentLog } from "../log.ts"
import { createMetrics } from "../metrics.ts"
import { startOtlpSink } from "../otlp/testing.ts"
import { createTracing, freshCause, parseTraceparent, traceparentOf } from "./index.ts"
import { isSampled } from "./sampler.ts"
import type { Span } from "./span.ts"
import { exportTraces } from "./span-messages.ts"
import { SpanQueue } from "./span-queue.ts"
import { spansOf } from "./testing.ts"
import { Tracer } from "./tracer.ts"

const traceId = "4bf92f3577b34da6a3ce929d0e0e4736"
const header = `00-${traceId}-00f067aa0ba902b7-01`

function tracerOf(
  rate: number,
  clock = new SimulatedClock(),
): { tracer: Tracer; ended: Span[]; clock: SimulatedClock } {
  const ended: Span[] = []
  const tracer = new Tracer({ clock, random: seededRandom(1), rate, take: (span) => ended.push(span) })
  return { tracer, ended, clock }
}

describe("a context", () => {
  it("comes back from its header", () => {
    const context = parseTraceparent(header, "vendor=1")
    expect(context).toEqual({ traceId, spanId: "00f067aa0ba902b7", isSampled: true, state: "vendor=1" })
    expect(context && traceparentOf(context)).toBe(header)
  })

  it("of a later version is read as far as it is known", () => {
    expect(parseTraceparent(`01-${traceId}-00f067aa0ba902b7-00-more`)).toMatchObject({ isSampled: false })
  })

  it.each([
    undefined,
    "",
    header.toUpperCase(),
    `${header}-more`,
    header.replace("00-", "ff-"),
    `00-${"0".repeat(32)}-00f067aa0ba902b7-01`,
    `00-${traceId}-${"0".repeat(16)}-01`,
    header.slice(0, -1),
  ])("that is none is not believed: %s", (text) => {
    expect(parseTraceparent(text)).toBeUndefined()
  })

  it("of an object speaks of its last change only, until that was seen", () => {
    const metadata = { name: "a", generation: 2, annotations: { "wick.dev/traceparent": header } }
    expect(freshCause({ metadata, status: { observedGeneration: 1 } })).toMatchObject({ traceId })
    expect(freshCause({ metadata, status: { observedGeneration: 2 } })).toBeUndefined()
    expect(freshCause({ metadata: { name: "a", generation: 1 } })).toBeUndefined()
  })
})

describe("the sampler", () => {
  it("takes all at 1 and none at 0, whoever asks", () => {
    const unsampled = parseTraceparent(header.replace(/01$/, "00"))
    expect(isSampled(traceId, unsampled, 1)).toBe(true)
    expect(isSampled(traceId, parseTraceparent(header), 0)).toBe(false)
  })

  it("keeps a decision that came along, and takes its share of the rest", () => {
    expect(isSampled(traceId, parseTraceparent(header), 0.0001)).toBe(true)
    expect(isSampled(traceId, parseTraceparent(header.replace(/01$/, "00")), 0.9999)).toBe(false)
    const { tracer } = tracerOf(0.25)
    const entered = Array.from({ length: 4000 }, () => tracer.enter("GET", undefined))
    const kept = entered.filter(({ span }) => span !== undefined).length
    expect(kept).toBeGreaterThan(900)
    expect(kept).toBeLessThan(1100)
  })
})

describe("a span", () => {
  it("is part of the trace that it came with, and has parts", async () => {
    const { tracer, ended, clock } = tracerOf(1)
    const { span, context } = tracer.enter("GET", parseTraceparent(header, "vendor=1"), { kind: "server" })
    await clock.advance(5)
    const part = tracer.within("throttler_try", context)
    await clock.advance(7)
    part?.end()
    span?.end()
    span?.end()
    expect(ended.map(({ name, parentId }) => [name, parentId])).toEqual([
      ["throttler_try", context.spanId],
      ["GET", "00f067aa0ba902b7"],
    ])
    expect(ended.map(({ context }) => [context.traceId, context.state])).toEqual([
      [traceId, "vendor=1"],
      [traceId, "vendor=1"],
    ])
    const [inner, outer] = ended as [Span, Span]
    expect([outer.endMs - outer.startMs, inner.endMs - inner.startMs, inner.startMs - outer.startMs]).toEqual([
      12, 7, 5,
    ])
  })

  it("that nobody keeps still has a context to hand on, and no parts", () => {
    const { tracer, ended } = tracerOf(0.5)
    const { span, context } = tracer.enter("GET", parseTraceparent(header.replace(/01$/, "00")))
    expect(span).toBeUndefined()
    expect(traceparentOf(context)).toBe(header.replace(/01$/, "00"))
    expect(tracer.within("part", context)).toBeUndefined()
    expect(ended).toEqual([])
  })

  it("holds so many attributes and events and no more, and tells how many it dropped", () => {
    const { tracer } = tracerOf(1)
    const { span } = tracer.enter("GET", undefined)
    span?.set(Object.fromEntries(Array.from({ length: 70 }, (_, index) => [`a${index}`, index])))
    span?.set({ a0: "x".repeat(5000), gone: undefined })
    for (let index = 0; index < 40; index++) span?.event("retry")
    expect(span).toMatchObject({ droppedAttributes: 6, droppedEvents: 8 })
    expect(span?.attributes.get("a0")).toBe("x".repeat(1024))
  })
})

describe("the queue of spans", () => {
  const counting = () => {
    const counted: Record<string, number> = {}
    return {
      counted,
      exported: (spans: number) => {
        counted.exported = (counted.exported ?? 0) + spans
      },
      dropped: (spans: number, reason: string) => {
        counted[reason] = (counted[reason] ?? 0) + spans
      },
    }
  }

  it("sends what came together in one message, and holds a bounded number while a collector is slow", async () => {
    const clock = new SimulatedClock()
    const counts = counting()
    const sizes: number[] = []
    const { promise, resolve } = Promise.withResolvers<{ state: "taken"; rejected: number; why: string }>()
    const send = (spans: readonly Span[]) => {
      sizes.push(spans.length)
      return promise
    }
    const queue = new SpanQueue({ clock, send, counts })
    const { tracer } = tracerOf(1)
    const add = (): void => {
      const { span } = tracer.enter("GET", undefined)
      if (span) queue.add(span)
    }
    add()
    add()
    expect(sizes).toEqual([])
    await clock.advance(1000)
    expect(sizes).toEqual([2])
    for (let index = 0; index < 3000; index++) add()
    expect(counts.counted["queue full"]).toBe(3000 - 2048)
    resolve({ state: "taken", rejected: 1, why: "one was odd" })
    await queue.flush()
    expect(sizes).toEqual([2, 512, 512, 512, 512])
    expect(counts.counted).toMatchObject({ exported: 2050 - 5, rejected: 5 })
  })

  it("counts what was given up", async () => {
    const counts = counting()
    const queue = new SpanQueue({
      clock: new SimulatedClock(),
      send: async () => ({ state: "lost", why: "away" }),
      counts,
    })
    const { span } = tracerOf(1).tracer.enter("GET", undefined)
    if (span) queue.add(span)
    await queue.flush()
    expect(counts.counted).toEqual({ "not taken": 1 })
  })
})

describe("tracing", () => {
  const world = (write: (line: string) => void = () => {}) => ({
    clock: systemClock,
    random: systemRandom,
    log: silentLog,
    metrics: createMetrics({ process: false }),
    service: "activator",
    about: { "k8s.namespace.name": "knative-serving" },
    write,
  })

  it.each(["http/protobuf", "grpc"] as const)("tells a collector whose spans these are, by %s", async (protocol) => {
    await using sink = await startOtlpSink()
    const given = world()
    await using tracing = createTracing(given)
    const endpoint = protocol === "grpc" ? sink.grpcEndpoint : sink.httpEndpoint
    tracing.configure({ protocol, endpoint, samplingRate: 1 })
    await tracing.flush()
    const before = Date.now()
    const { span } = tracing.tracer?.enter("GET", parseTraceparent(header, "v=1"), { kind: "client" }) ?? {}
    span?.set({ "url.path": "/", "http.response.status_code": 503 })
    span?.event("retry", { why: "refused" })
    span?.fail("no pod")
    span?.end()
    await tracing.flush()
    expect(exportTraces.decode(sink.received[0]?.message as Buffer).resources).toHaveLength(1)
    const [told] = spansOf(sink)
    expect(told).toMatchObject({
      service: "activator",
      name: "GET",
      kind: 3,
      traceId,
      parentId: "00f067aa0ba902b7",
      state: "v=1",
      attributes: { "url.path": "/", "http.response.status_code": 503 },
      events: ["retry"],
      failure: "no pod",
      resource: { "service.name": "activator", "k8s.namespace.name": "knative-serving" },
    })
    expect(told?.startMs).toBeGreaterThan(before - 2)
    expect(told?.endMs).toBeLessThan(Date.now() + 2)
    expect(await given.metrics.text()).toContain('wick_spans_exported_total{service="activator"} 1')
  })

  it("goes where it is told to from then on, and ends when it is told to", async () => {
    const lines: string[] = []
    await using tracing = createTracing(world((line) => lines.push(line)))
    expect(tracing.tracer).toBeUndefined()
    tracing.configure({ protocol: "stdout", endpoint: "", samplingRate: 1 })
    await tracing.flush()
    tracing.tracer?.enter("GET", parseTraceparent(header)).span?.end()
    tracing.configure({ protocol: "stdout", endpoint: "", samplingRate: 0 })
    await tracing.flush()
    expect(tracing.tracer).toBeUndefined()
    expect(lines.map((line) => JSON.parse(line))).toMatchObject([{ service: "activator", name: "GET", traceId }])
  })

  it("is off where the endpoint is none, and says so", async () => {
    const said: unknown[] = []
    const log = { ...silentLog, error: (message: string, fields: unknown) => said.push([message, fields]) }
    await using tracing = createTracing({ ...world(), log })
    tracing.configure({ protocol: "grpc", endpoint: "ftp://a", samplingRate: 1 })
    await tracing.flush()
    expect(tracing.tracer).toBeUndefined()
    expect(said).toMatchObject([["cannot trace", { why: expect.stringContaining("is no address of a collector") }]])
  })
})
