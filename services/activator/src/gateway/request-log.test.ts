import { SimulatedClock } from "@wick/sdk/clock"
import { expect, it } from "vitest"
import type { ScriptedCluster } from "../testing/scripted-cluster.ts"
import { listenTo, startSpeaker } from "../testing/speaker.ts"
import { ask, startApp, startStage, until } from "../testing/stage.ts"

const observability = (cluster: ScriptedCluster, data: Record<string, string>): void =>
  cluster.put("configmaps", { metadata: { name: "config-observability", namespace: "knative-serving" }, data })

const on = { "logging.enable-request-log": "true" }

async function scene(template?: string, more: Record<string, string> = {}) {
  const lines: string[] = []
  const app = await startApp((_request, response) => {
    response.statusCode = 201
    response.end("made")
  })
  const stage = await startStage(
    (cluster) => {
      cluster.route("app", { "app-1": 100 })
      const labels = { "serving.knative.dev/service": "app", "serving.knative.dev/configuration": "app" }
      const containers = [{ ports: [{ containerPort: app.port }] }]
      cluster.put("revisions", { metadata: { name: "app-1", labels }, spec: { containers } })
      cluster.pod("a", "app-1", "127.0.0.1")
      observability(cluster, { ...on, ...(template && { "logging.request-log-template": template }), ...more })
    },
    { writeRequestLog: (line) => lines.push(line) },
  )
  const dispose = async (): Promise<void> => {
    await stage[Symbol.asyncDispose]()
    await app[Symbol.asyncDispose]()
  }
  return { stage, lines, port: stage.port, [Symbol.asyncDispose]: dispose }
}

it("is a line of JSON per request, as log collectors read requests", async () => {
  await using at = await scene()
  const traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
  const headers = { "user-agent": 'it"s me', referer: "http://from.test/", traceparent }
  await ask(at.port, "app.test", {
    path: "/a?b=c",
    method: "POST",
    body: "12345",
    headers: { ...headers, "content-length": "5" },
  })
  await until(() => at.lines.length === 1)
  expect(JSON.parse(at.lines[0] as string)).toMatchObject({
    httpRequest: {
      requestMethod: "POST",
      requestUrl: "/a?b=c",
      requestSize: "5",
      status: 201,
      responseSize: "4",
      userAgent: 'it"s me',
      remoteIp: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      serverIp: "127.0.0.1",
      referer: "http://from.test/",
      latency: expect.stringMatching(/^0\.\d+s$/),
      protocol: "HTTP/1.1",
    },
    traceId: "0af7651916cd43dd8448eb211c80319c",
  })
})

it("speaks of the revision, its pod and any header, as the template wants", async () => {
  await using at = await scene(
    '{{.Revision.Namespace}}/{{.Revision.Service}}/{{.Revision.Configuration}}/{{.Revision.Name}}/{{.Revision.PodName}} {{.Request.URL.Path}} {{index .Request.Header "X-Mine"}}',
  )
  await ask(at.port, "app.test", { path: "/a?b", headers: { "x-mine": "yes" } })
  await until(() => at.lines.length === 1)
  expect(at.lines).toEqual(["default/app/app/app-1/a /a yes"])
})

it("is switched on, changed and off while it runs, and what it cannot read changes nothing", async () => {
  await using at = await scene("one {{.Response.Code}}")
  const lineAfter = async (data: Record<string, string>): Promise<string | undefined> => {
    const before = at.lines.length
    observability(at.stage.cluster, data)
    await ask(at.port, "unknown.test")
    await ask(at.port, "app.test")
    return at.lines.slice(before)[0]
  }
  expect(await lineAfter({ ...on, "logging.request-log-template": "two {{.Response.Code}}" })).toBe("two 201")
  expect(await lineAfter({ ...on, "logging.request-log-template": "{{.Response" })).toBe("two 201")
  expect(await lineAfter({})).toBeUndefined()
})

it("leaves probes out unless they are wanted", async () => {
  const template = "{{.Request.UserAgent}} {{.Response.Code}}"
  const probes = async (port: number): Promise<void> => {
    await ask(port, "app.test", { headers: { "user-agent": "kube-probe/1.34" } })
    await ask(port, "app.test", { headers: { "user-agent": "network", "k-network-probe": "queue" } })
    await ask(port, "app.test", { headers: { "user-agent": "curl" } })
  }
  await using without = await scene(template)
  await probes(without.port)
  expect(without.lines).toEqual(["curl 201"])
  await using all = await scene(template, { "logging.enable-probe-request-log": "true" })
  await probes(all.port)
  expect(all.lines).toEqual(["kube-probe/1.34 201", "network 200", "curl 201"])
})

it.each([
  { protocol: "h2c" as const, line: "HTTP/2.0 200 9" },
  { protocol: "upgrade" as const, line: "HTTP/1.1 101 9" },
])("knows of $protocol what was said and how it ended", async ({ protocol, line }) => {
  await using speaker = await startSpeaker(protocol)
  const lines: string[] = []
  const clock = new SimulatedClock()
  await using stage = await startStage(
    (cluster) => {
      cluster.route("app", { "app-1": 100 })
      cluster.revision("app-1", speaker.port, { timeoutSeconds: 10 }, protocol === "h2c" ? "h2c" : "http1")
      cluster.pod("a", "app-1", "127.0.0.1")
      observability(cluster, {
        ...on,
        "logging.request-log-template": "{{.Request.Proto}} {{.Response.Code}} {{.Response.Size}}",
      })
    },
    { writeRequestLog: (text) => lines.push(text), clock },
  )
  const heard = listenTo(stage.port, protocol)
  const turn = await speaker.next()
  turn.begin("begun")
  await until(() => heard.words.endsWith("begun"))
  turn.say("more")
  await until(() => heard.words.endsWith("more"))
  await clock.advance(10_100)
  await until(() => lines.length === 1)
  expect(lines).toEqual([line])
})
