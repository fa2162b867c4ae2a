import { expect, it } from "vitest"
import { rule, splitTo } from "../testing/scripted-cluster.ts"
import { ask, askAsService, startApp, startStage } from "../testing/stage.ts"

it("leads a tag's header to the tag's revision, and tells the application which way a request came", async () => {
  await using app = await startApp((request, response) => response.end(JSON.stringify(request.headers)))
  const byHeader = { headers: { "Knative-Serving-Tag": { exact: "next" } }, splits: [splitTo("app-2")] }
  const other = { splits: [splitTo("app-1")], appendHeaders: { "Knative-Serving-Default-Route": "true" } }
  await using stage = await startStage((cluster) => {
    cluster.ingress("app", { rules: [rule("app.test", byHeader, other)] })
    for (const name of ["app-1", "app-2"]) cluster.revision(name, app.port)
    cluster.pod("a", "app-1", "127.0.0.1")
  })
  const headers = { "Knative-Serving-Default-Route": "spoken by a client", "Knative-Serving-Tag": "unknown" }
  const heard = JSON.parse((await ask(stage.port, "app.test", { headers })).body)
  expect(heard).toMatchObject({ "knative-serving-default-route": "true", "knative-serving-tag": "unknown" })
  const tagged = ask(stage.port, "app.test", { headers: { "knative-serving-tag": "next" } })
  stage.cluster.pod("b", "app-2", "127.0.0.1")
  expect(JSON.parse((await tagged).body)).not.toHaveProperty("knative-serving-default-route")
})

it("sends a request without TLS to https where that is wanted, unless it came to a proxy by TLS", async () => {
  await using app = await startApp((_request, response) => response.end("secret"))
  await using stage = await startStage((cluster) => {
    cluster.ingress("app", { rules: [rule("app.test", { splits: [splitTo("app-1")] })], httpOption: "Redirected" })
    cluster.revision("app-1", app.port)
    cluster.pod("a", "app-1", "127.0.0.1")
  })
  const answer = await ask(stage.port, "app.test:8080", { path: "/a?b=c" })
  expect(answer).toMatchObject({ status: 301, headers: { location: "https://app.test/a?b=c" } })
  const headers = { "x-forwarded-proto": "https" }
  expect(await ask(stage.port, "app.test", { headers })).toMatchObject({ status: 200, body: "secret" })
})

it("tells whoever issues certificates what it asks for at a host, without TLS and without a pod", async () => {
  const challenge = {
    path: "/.well-known/acme-challenge/token",
    splits: [{ ...splitTo("activator-service"), appendHeaders: { "K-Challenge-Answer": "token.thumbprint" } }],
  }
  await using stage = await startStage((cluster) => {
    const rules = [rule("app.test", challenge, { splits: [splitTo("app-1")] })]
    cluster.ingress("app", { rules, httpOption: "Redirected" }, { generation: 1 })
    cluster.revision("app-1", 1)
  })
  expect(await ask(stage.port, "app.test", { path: challenge.path })).toMatchObject({
    status: 200,
    body: "token.thumbprint",
  })
  expect(await ask(stage.port, "app.test", { path: "/" })).toMatchObject({ status: 301 })
  const { port } = stage.activator.adminAddress
  // No revision of the Service's name is waited for.
  expect(await askAsService(port, "/routed/default/app?generation=1")).toMatchObject({ status: 200 })
})

it("shows cluster-local hosts only where pods come in", async () => {
  await using app = await startApp((_request, response) => response.end("inside"))
  const prepare: Parameters<typeof startStage>[0] = (cluster) => {
    const hidden = { ...rule("app.default", { splits: [splitTo("app-1")] }), visibility: "ClusterLocal" }
    cluster.ingress("app", { rules: [hidden] })
    cluster.revision("app-1", app.port)
    cluster.pod("a", "app-1", "127.0.0.1")
  }
  const listenLocal = [{ host: "127.0.0.1", port: 0 }]
  await using stage = await startStage(prepare, { listenLocal })
  expect(await ask(stage.port, "app.default")).toMatchObject({ status: 404 })
  const [inner] = stage.activator.localAddresses
  expect(await ask(inner?.port ?? 0, "app.default")).toMatchObject({ status: 200, body: "inside" })
  await using open = await startStage(prepare)
  expect(await ask(open.port, "app.default")).toMatchObject({ status: 200, body: "inside" })
})

it("says that a generation is routed when requests go by it and its revisions are known", async () => {
  await using stage = await startStage((cluster) => cluster.ingress("app", { rules: [] }, { generation: 1, uid: "u" }))
  const admin = stage.activator.adminAddress.port
  const routed = (query: string) => askAsService(admin, `/routed/default/app?${query}`)
  expect(await routed("generation=1&uid=u")).toMatchObject({ status: 200, body: "routed\n" })
  let isTold = false
  const second = routed("generation=2").then((answer) => {
    isTold = true
    return answer
  })
  const third = routed("generation=3")
  const split = { rules: [rule("app.test", { splits: [splitTo("app-1")] })] }
  stage.cluster.ingress("app", split, { generation: 2 })
  // Answered in order: whatever the first one waits for has not come when this is answered.
  expect(await ask(admin, "x", { path: "/healthz" })).toMatchObject({ status: 200 })
  expect(isTold).toBe(false)
  stage.cluster.revision("app-1", 8080)
  expect(await second).toMatchObject({ status: 200 })
  stage.cluster.ingress("app", split, { generation: 4 })
  expect(await third).toMatchObject({ status: 200 })
})

it("leads callers inside to a revision by its own name, and nobody else", async () => {
  await using app = await startApp((_request, response) => response.end("app-1"))
  const prepare: Parameters<typeof startStage>[0] = (cluster) => {
    cluster.revision("app-1", app.port)
    cluster.pod("a", "app-1", "127.0.0.1")
  }
  await using stage = await startStage(prepare, { listenLocal: [{ host: "127.0.0.1", port: 0 }] })
  const inner = stage.activator.localAddresses[0]?.port ?? 0
  for (const host of ["app-1.default", "app-1.default.svc", "app-1.default.svc.cluster.local:80"]) {
    expect(await ask(inner, host)).toMatchObject({ status: 200, body: "app-1" })
    expect(await ask(stage.port, host)).toMatchObject({ status: 404 })
  }
  const headers = { "Knative-Serving-Namespace": "default", "Knative-Serving-Revision": "app-1" }
  expect(await ask(inner, "any.test", { headers })).toMatchObject({ status: 200 })
  expect(await ask(stage.port, "any.test", { headers })).toMatchObject({ status: 404 })
  for (const host of ["app-2.default", "app-1.other", "app-1.default.com", "app-1"]) {
    expect(await ask(inner, host)).toMatchObject({ status: 404 })
  }
})
