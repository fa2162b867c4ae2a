import type { IncomingHttpHeaders } from "node:http"
import { startOtlpSink } from "@wick/sdk/otlp/testing"
import { spansOf } from "@wick/sdk/tracing/testing"
import { expect, it } from "vitest"
import { type Ask, ask, startApp, startStage } from "../testing/stage.ts"

const traceId = "0af7651916cd43dd8448eb211c80319c"
const traceparent = `00-${traceId}-b7ad6b7169203331-01`

/** An application behind a gateway that traces a share of the requests. */
async function scene(rate: string, pods: Readonly<Record<string, string>> = { a: "127.0.0.1" }) {
  await using undo = new AsyncDisposableStack()
  const sink = undo.use(await startOtlpSink())
  const seen: IncomingHttpHeaders[] = []
  const app = undo.use(
    await startApp((request, response) => {
      seen.push(request.headers)
      response.statusCode = request.url === "/bad" ? 503 : 200
      response.end("hello")
    }),
  )
  const lines: string[] = []
  const stage = undo.use(
    await startStage(
      (cluster) => {
        cluster.route("app", { "app-1": 100 })
        const labels = { "serving.knative.dev/service": "app", "serving.knative.dev/configuration": "app-c" }
        const spec = { containers: [{ ports: [{ containerPort: app.port }] }] }
        cluster.put("revisions", { metadata: { name: "app-1", labels }, spec })
        for (const [name, address] of Object.entries(pods)) {
          const metadata = { name, labels: { "serving.knative.dev/revision": "app-1" } }
          const conditions = [{ type: "Ready", status: "True" }]
          cluster.put("pods", { metadata, status: { phase: "Running", podIP: address, conditions } })
        }
        const data = {
          "tracing-protocol": "http/protobuf",
          "tracing-endpoint": sink.httpEndpoint,
          "tracing-sampling-rate": rate,
          "logging.enable-request-log": "true",
        }
        cluster.put("configmaps", { metadata: { name: "config-observability", namespace: "knative-serving" }, data })
      },
      { writeRequestLog: (line) => lines.push(line) },
    ),
  )
  const running = undo.move()
  return {
    sink,
    seen,
    lines,
    ask: (given: Ask = {}) => ask(stage.port, "app.test", given),
    spans: async (count: number) => {
      await sink.until(() => spansOf(sink).length >= count)
      return spansOf(sink)
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  }
}

it("is a span for the request, one for its wait and one for its pod, which goes on from there", async () => {
  await using at = await scene("1")
  const headers = { traceparent, tracestate: "vendor=1", "user-agent": "curl" }
  await at.ask({ path: "/a?secret=1", headers })
  const spans = await at.spans(3)
  const named = (name: string) => spans.find((span) => span.name === name)
  const [request, wait, proxy] = [named("GET"), named("throttler_try"), named("activator_proxy")]
  expect(request).toMatchObject({
    service: "activator",
    kind: 2,
    traceId,
    parentId: "b7ad6b7169203331",
    state: "vendor=1",
    attributes: {
      "http.request.method": "GET",
      "url.path": "/a",
      "http.response.status_code": 200,
      "user_agent.original": "curl",
      "k8s.namespace.name": "default",
      "kn.service.name": "app",
      "kn.configuration.name": "app-c",
      "kn.revision.name": "app-1",
    },
  })
  expect(wait).toMatchObject({ traceId, parentId: request?.spanId })
  const attributes = { "k8s.pod.name": "a", "http.response.status_code": 200 }
  expect(proxy).toMatchObject({ traceId, kind: 3, parentId: request?.spanId, attributes })
  expect(at.seen[0]).toMatchObject({ traceparent: `00-${traceId}-${proxy?.spanId}-01`, tracestate: "vendor=1" })
  expect(JSON.parse(at.lines[0] as string)).toMatchObject({ traceId })
})

it("tells what failed, and that a request was tried again elsewhere", async () => {
  await using at = await scene("1", { alive: "127.0.0.1", dead: "127.0.0.2" })
  for (let sent = 0; sent < 10; sent++) await at.ask({ path: "/bad" })
  await at.sink.until(() => spansOf(at.sink).some(({ events }) => events.includes("retry")))
  const spans = spansOf(at.sink)
  const retried = spans.find(({ events }) => events.includes("retry"))
  expect(retried).toMatchObject({ failure: "status 503", attributes: { "error.type": "503" } })
  const tries = spans.filter(({ name, parentId }) => name === "activator_proxy" && parentId === retried?.spanId)
  expect(tries).toMatchObject([
    { failure: expect.stringContaining("ECONNREFUSED"), attributes: { "k8s.pod.name": "dead" } },
    { failure: "status 503", attributes: { "k8s.pod.name": "alive", "http.request.resend_count": 1 } },
  ])
})

it("keeps the decision that a request brings, and tells its own of the rest", async () => {
  await using at = await scene("0.000001")
  const unsampled = traceparent.replace(/01$/, "00")
  await at.ask({ headers: { traceparent: unsampled } })
  await at.ask()
  await at.ask({ headers: { traceparent } })
  expect(at.seen[0]?.traceparent).toBe(unsampled)
  expect(at.seen[1]?.traceparent).toMatch(/^00-[0-9a-f]{32}-[0-9a-f]{16}-00$/)
  expect(new Set((await at.spans(3)).map((span) => span.traceId))).toEqual(new Set([traceId]))
})

it("leaves requests as they are while nothing is traced", async () => {
  await using at = await scene("0")
  await at.ask({ headers: { traceparent } })
  await at.ask()
  expect(at.seen.map((headers) => headers.traceparent)).toEqual([traceparent, undefined])
  expect(at.sink.received).toEqual([])
})
