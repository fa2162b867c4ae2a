import type { IncomingHttpHeaders } from "node:http"
import { afterEach, describe, expect, it } from "vitest"
import { rule, type ScriptedCluster, splitTo } from "../testing/scripted-cluster.ts"
import { ask, askAsService, type Stage, startApp, startStage } from "../testing/stage.ts"
import type { SplitView } from "./ingress-view.ts"

const undo: AsyncDisposable[] = []
afterEach(async () => {
  for (const one of undo.splice(0).reverse()) await one[Symbol.asyncDispose]()
})

function keep<One extends AsyncDisposable>(one: One): One {
  undo.push(one)
  return one
}

const toPlain: SplitView = { serviceName: "plain", serviceNamespace: "default", servicePort: 80, percent: 100 }

function service(
  cluster: ScriptedCluster,
  name = "plain",
  spec: object = { ports: [{ name: "http", port: 80 }] },
): void {
  cluster.put("services", { metadata: { name }, spec })
}

function endpoints(cluster: ScriptedCluster, port: number, ...addresses: string[]): void {
  const labels = { "kubernetes.io/service-name": "plain" }
  cluster.put("endpointslices", {
    metadata: { name: "plain-1", labels },
    endpoints: addresses.map((address) => ({ addresses: [address], conditions: { ready: true } })),
    ports: [{ name: "http", port }],
  })
}

/** An application behind a plain Service, and an Ingress of app.test that leads there. */
async function scene(prepare: (cluster: ScriptedCluster, port: number) => void = () => {}) {
  const seen: IncomingHttpHeaders[] = []
  const app = keep(
    await startApp((request, response) => {
      seen.push(request.headers)
      response.end("plain")
    }),
  )
  const stage: Stage = keep(
    await startStage((cluster) => {
      cluster.ingress("app", { rules: [rule("app.test", { splits: [toPlain], appendHeaders: { "X-Way": "1" } })] })
      prepare(cluster, app.port)
    }),
  )
  return { app, seen, ...stage }
}

describe("an Ingress that leads to a plain Service", () => {
  it("has its requests sent to the Service's endpoints", async () => {
    const on = await scene((cluster, port) => {
      service(cluster)
      endpoints(cluster, port, "127.0.0.1")
    })
    expect(await ask(on.port, "app.test", { method: "POST", body: "x" })).toMatchObject({ status: 200, body: "plain" })
    expect(on.seen[0]).toMatchObject({ host: "app.test", "x-way": "1" })
  })

  it("is told at once when nobody is there, and served as soon as somebody is", async () => {
    const on = await scene((cluster) => service(cluster))
    const empty = await ask(on.port, "app.test")
    expect(empty).toMatchObject({ status: 503, body: "no endpoint of the Service is ready\n" })
    endpoints(on.cluster, on.app.port, "127.0.0.1")
    expect((await ask(on.port, "app.test")).status).toBe(200)
    endpoints(on.cluster, on.app.port)
    expect((await ask(on.port, "app.test")).status).toBe(503)
  })

  it("is answered 502 where the only endpoint takes no connection, and by another one where there is one", async () => {
    const on = await scene((cluster, port) => {
      service(cluster)
      endpoints(cluster, port, "127.0.0.9")
    })
    expect((await ask(on.port, "app.test")).status).toBe(502)
    endpoints(on.cluster, on.app.port, "127.0.0.9", "127.0.0.1")
    for (let i = 0; i < 4; i++) expect((await ask(on.port, "app.test")).status).toBe(200)
  })

  it("is unknown while there is no such Service, and routed when there is", async () => {
    const on = await scene()
    expect((await ask(on.port, "app.test")).status).toBe(404)
    on.cluster.ingress("more", { rules: [rule("more.test", { splits: [toPlain] })] }, { generation: 7 })
    let routed = false
    const told = askAsService(on.activator.adminAddress.port, "/routed/default/more?generation=7").then((answer) => {
      routed = true
      return answer
    })
    expect((await ask(on.port, "more.test")).status).toBe(404)
    expect(routed).toBe(false)
    service(on.cluster)
    expect((await told).status).toBe(200)
    expect((await ask(on.port, "more.test")).status).toBe(503)
  })

  it("leads to a revision where the Service is one's", async () => {
    const on = await scene((cluster, port) => {
      cluster.revision("plain", port)
      cluster.pod("a", "plain", "127.0.0.1")
    })
    expect(await ask(on.port, "app.test")).toMatchObject({ status: 200, body: "plain" })
    expect(on.cluster.listed).not.toContain("/api/v1/services")
  })
})

describe("a domain that leads on to another host", () => {
  const leadsOn = {
    splits: [{ ...toPlain, appendHeaders: { "K-Original-Host": "www.test" } }],
    rewriteHost: "plain.default.svc.cluster.local",
  }

  it("goes to the Service of that name, which finds its own name as Host and the domain beside it", async () => {
    const on = await scene((cluster, port) => {
      cluster.ingress("domain", { rules: [rule("www.test", leadsOn)] })
      service(cluster)
      endpoints(cluster, port, "127.0.0.1")
    })
    expect((await ask(on.port, "www.test")).status).toBe(200)
    expect(on.seen[0]).toMatchObject({
      host: "plain.default.svc.cluster.local",
      "k-original-host": "www.test",
      "x-forwarded-host": "www.test",
    })
  })

  it("asks for no Services where the host is one that is served", async () => {
    const on = await scene((cluster, port) => {
      const inside = { ...rule(leadsOn.rewriteHost, { splits: [splitTo("app-1")] }), visibility: "ClusterLocal" }
      cluster.ingress("inner", { rules: [inside] })
      cluster.ingress("domain", { rules: [rule("www.test", leadsOn)] })
      cluster.revision("app-1", port)
      cluster.pod("a", "app-1", "127.0.0.1")
    })
    expect((await ask(on.port, "www.test")).status).toBe(200)
    expect(on.seen[0]?.host).toBe("www.test")
    expect(on.cluster.listed).not.toContain("/api/v1/services")
  })
})
