import { describe, expect, it } from "vitest"
import { systemClock, systemRandom } from "../../clock/clock.ts"
import { SimulatedClock } from "../../clock/index.ts"
import { channel, openOtlp, type Way } from "./channel.ts"
import { otlpEndpoint } from "./endpoint.ts"
import { keyValues, resource } from "./index.ts"
import { type Attempt, exportResponse, judgeGrpc, judgeHttp } from "./judgement.ts"
import { otlpManner } from "./manner.ts"
import { startOtlpSink } from "./testing.ts"

const later: Attempt = { state: "later", afterMs: undefined, why: "HTTP 503" }
const taken: Attempt = { state: "taken", rejected: 0, why: "" }
const half = { below: (bound: number) => Math.floor(bound / 2) }

/** A collector that answers by a list, and notes when it was asked. */
function scripted(clock: SimulatedClock, answers: Attempt[]): Way & { readonly askedMs: number[] } {
  const askedMs: number[] = []
  return {
    askedMs,
    attempt: async () => {
      askedMs.push(clock.monotonic())
      return answers.length > 1 ? (answers.shift() as Attempt) : (answers[0] as Attempt)
    },
    close: () => {},
  }
}

describe("a collector's address", () => {
  it("is an address with or without a path, which is the signal's own then", () => {
    expect(otlpEndpoint("http://jaeger:4318", "traces")).toEqual({
      isSecure: false,
      host: "jaeger",
      port: 4318,
      path: "/v1/traces",
    })
    expect(otlpEndpoint("https://a.example/otlp/v1/traces?key=1", "traces")).toMatchObject({
      isSecure: true,
      port: 443,
      path: "/otlp/v1/traces?key=1",
    })
    expect(otlpEndpoint("http://[::1]:4317", "metrics")).toMatchObject({ host: "::1", path: "/v1/metrics" })
  })

  it("is reached by TLS when it says no scheme", () => {
    expect(otlpEndpoint("collector:4317", "traces")).toMatchObject({ isSecure: true, host: "collector", port: 4317 })
  })

  it("is refused with a reason when it is none", () => {
    expect(() => otlpEndpoint("ftp://a", "traces")).toThrow('"ftp://a" is no address of a collector')
    expect(() => otlpEndpoint("http://a:99999", "traces")).toThrow("is no address")
  })
})

describe("the manner of a collector", () => {
  it("is the signal's own where there is one, else that of all", () => {
    const env = { OTEL_EXPORTER_OTLP_COMPRESSION: "gzip", OTEL_EXPORTER_OTLP_TRACES_COMPRESSION: "none" }
    expect([otlpManner(env, "metrics").gzip, otlpManner(env, "traces").gzip]).toEqual([true, false])
    expect(otlpManner({}, "traces")).toEqual({ headers: {}, gzip: false, authorityPem: undefined })
  })

  it("is refused with the variable's name and without a secret's value", () => {
    expect(() => otlpManner({ OTEL_EXPORTER_OTLP_COMPRESSION: "zip" }, "traces")).toThrow(
      "OTEL_EXPORTER_OTLP_COMPRESSION=zip: must be gzip or none",
    )
    expect(() => otlpManner({ OTEL_EXPORTER_OTLP_HEADERS: "secret" }, "traces")).toThrow(
      "OTEL_EXPORTER_OTLP_HEADERS must be a list of NAME=VALUE with commas between",
    )
  })
})

describe("an answer of a collector", () => {
  it("tells how many items were left out", () => {
    const body = exportResponse.encode({ partial: { rejected: 3, message: "too old" } })
    expect(judgeHttp(200, undefined, body)).toEqual({ state: "taken", rejected: 3, why: "too old" })
    expect(judgeHttp(200, undefined, Buffer.from("<html>"))).toMatchObject({ state: "taken", rejected: 0 })
  })

  it("is asked again only where the protocol says so", () => {
    expect(judgeHttp(503, "7", Buffer.alloc(0))).toEqual({ state: "later", afterMs: 7000, why: "HTTP 503" })
    expect(judgeHttp(400, undefined, Buffer.from("no such field"))).toEqual({
      state: "refused",
      why: "HTTP 400: no such field",
    })
    expect(judgeGrpc(14, "gone").state).toBe("later")
    expect(judgeGrpc(3, "bad").state).toBe("refused")
  })
})

describe("a message", () => {
  it("is tried again after pauses that grow, and goes through", async () => {
    const clock = new SimulatedClock()
    const way = scripted(clock, [later, later, { ...later, afterMs: 5000 }, taken])
    const sending = channel(way, clock, half).send(Buffer.alloc(1))
    await clock.advance(20_000)
    expect(await sending).toEqual(taken)
    const pauses = way.askedMs.slice(1).map((ms, index) => ms - (way.askedMs[index] as number))
    expect(pauses).toEqual([750, 1500, 5000])
  })

  it("is given up after a minute", async () => {
    const clock = new SimulatedClock()
    const way = scripted(clock, [later])
    const sending = channel(way, clock, half).send(Buffer.alloc(1))
    await clock.advance(60_000)
    expect(await sending).toEqual({ state: "lost", why: "given up: HTTP 503" })
  })

  it("is given up with its channel", async () => {
    const clock = new SimulatedClock()
    const open = channel(scripted(clock, [later]), clock, half)
    const sending = open.send(Buffer.alloc(1))
    await clock.advance(1)
    open[Symbol.dispose]()
    expect(await sending).toEqual({ state: "lost", why: "closed: HTTP 503" })
  })

  it.each(["http/protobuf", "grpc"] as const)("comes to a real collector by %s", async (protocol) => {
    await using sink = await startOtlpSink()
    const endpoint = protocol === "grpc" ? sink.grpcEndpoint : sink.httpEndpoint
    using open = await openOtlp({ signal: "traces", protocol, endpoint, clock: systemClock, random: systemRandom })
    const message = resource.encode({ attributes: keyValues({ "service.name": "a", up: true, count: 3, part: 0.5 }) })
    expect(await open.send(message)).toEqual(taken)
    expect(sink.received.map(({ signal }) => signal)).toEqual(["traces"])
    expect(
      resource.decode(sink.received[0]?.message as Buffer).attributes.map(({ key, value }) => [key, value]),
    ).toEqual([
      ["service.name", expect.objectContaining({ text: "a" })],
      ["up", expect.objectContaining({ bool: true })],
      ["count", expect.objectContaining({ whole: 3 })],
      ["part", expect.objectContaining({ double: 0.5 })],
    ])
  })

  it.each(["http/protobuf", "grpc"] as const)(
    "comes in the manner that the environment wants by %s",
    async (protocol) => {
      await using sink = await startOtlpSink()
      const endpoint = protocol === "grpc" ? sink.grpcEndpoint : sink.httpEndpoint
      const env = {
        OTEL_EXPORTER_OTLP_HEADERS: "authorization=nobody",
        OTEL_EXPORTER_OTLP_METRICS_HEADERS: "Authorization=Bearer%20a%3Db, x-team = one",
        OTEL_EXPORTER_OTLP_COMPRESSION: "gzip",
      }
      const options = { signal: "metrics", protocol, endpoint, clock: systemClock, random: systemRandom, env } as const
      using open = await openOtlp(options)
      const message = Buffer.from("a".repeat(10_000))
      expect(await open.send(message)).toEqual(taken)
      expect(sink.received[0]?.message.equals(message)).toBe(true)
      expect(sink.received[0]?.headers).toMatchObject({ authorization: "Bearer a=b", "x-team": "one" })
      if (protocol === "http/protobuf") expect(sink.received[0]?.headers["content-encoding"]).toBe("gzip")
    },
  )

  it.each(["http/protobuf", "grpc"] as const)("waits for a collector that is not there by %s", async (protocol) => {
    const { httpEndpoint: endpoint, ...gone } = await startOtlpSink()
    await gone[Symbol.asyncDispose]()
    const open = await openOtlp({ signal: "traces", protocol, endpoint, clock: systemClock, random: systemRandom })
    const sending = open.send(Buffer.alloc(0))
    open[Symbol.dispose]()
    expect(await sending).toMatchObject({ state: "lost" })
  })
})
