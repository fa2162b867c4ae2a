import { X509Certificate } from "node:crypto"
import { connect } from "node:tls"
import { startPebble } from "@wick/controller/testing"
import { createAuthority, issueCertificate } from "@wick/core/testing"
import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Pod } from "@wick/sdk/api/core/pod"
import { Secret } from "@wick/sdk/api/core/secret"
import { Service as CoreService } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { ClusterDomainClaim } from "@wick/sdk/api/networking-internal/cluster-domain-claim"
import { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"
import { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { Route } from "@wick/sdk/api/serving/route"
import { Service } from "@wick/sdk/api/serving/service"
import { run as exec } from "@wick/sdk/client"
import { afterAll, beforeAll, describe, expect, it } from "vitest"
import { call } from "./call.ts"
import { steady } from "./testing/burst.ts"
import { callSecurely } from "./testing/call-securely.ts"
import { buildTestImages } from "./testing/images.ts"
import { until } from "./testing/until.ts"
import { startTestPlatform, type TestPlatform } from "./testing.ts"

let wick: TestPlatform
const namespace = "default"

beforeAll(async () => {
  wick = await startTestPlatform()
  await buildTestImages(wick.registry)
  await deploy("hello", "--env", "VERSION=1")
  await wick.client.create(Pod, {
    metadata: { name: "caller", namespace },
    spec: { containers: [{ name: "caller", image: `${wick.registry}/echo` }] },
  } as never)
  await until("the caller runs", async () => {
    const { status } = await wick.client.get(Pod, { name: "caller", namespace })
    return status?.phase === "Running"
  })
})

afterAll(() => wick?.[Symbol.asyncDispose]())

async function deploy(name: string, ...flags: string[]): Promise<void> {
  const { code, stderr } = await wick.wick("deploy", name, "--image", `${wick.registry}/echo`, ...flags)
  expect(code, stderr).toBe(0)
}

/** The answer to a request that a pod makes, as it sees it. */
async function fromPod(url: string, headers = {}): Promise<{ status: number; body: string }> {
  const script = `fetch(${JSON.stringify(url)}, ${JSON.stringify({ headers })}).then(async (answer) =>
    console.log(JSON.stringify({ status: answer.status, body: await answer.text() })))`
  const { stdout, stderr } = await exec(wick.client, { name: "caller", namespace }, { command: ["node", "-e", script] })
  return stdout === "" ? { status: 0, body: stderr } : JSON.parse(stdout)
}

/** Gives the newest ready revision of a service a tag. */
async function tag(name: string, word: string): Promise<void> {
  const { status } = await wick.client.get(Service, { name, namespace })
  const tagged = { revisionName: status?.latestReadyRevisionName, percent: 0, tag: word }
  const body = { spec: { traffic: [{ latestRevision: true, percent: 100 }, tagged] } }
  await wick.client.patch(Service, { name, namespace }, { type: "merge", body })
}

/** Sets keys of one of the operators' maps, for a while. */
async function configured(name: string, data: Record<string, string>): Promise<AsyncDisposable> {
  const set = (values: Record<string, string | null>) =>
    wick.client.patch(ConfigMap, { name, namespace: "knative-serving" }, { type: "merge", body: { data: values } })
  await set(data)
  const unset = Object.fromEntries(Object.keys(data).map((key) => [key, null]))
  return { [Symbol.asyncDispose]: async () => void (await set(unset)) }
}

/** Common name of who has signed what the gateway shows for a host; undefined while it has nothing for that. */
function issuerSeen(servername: string): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>()
  const socket = connect({ host: "127.0.0.1", port: wick.securePort, servername, rejectUnauthorized: false })
  socket.once("error", () => resolve(undefined))
  socket.once("secureConnect", () => {
    resolve(String(socket.getPeerCertificate().issuer?.CN))
    socket.destroy()
  })
  return promise
}

const conditionOf = (object: { status?: unknown }, type: string) =>
  (
    object.status as { conditions?: { type: string; status: string; reason?: string; message?: string }[] } | undefined
  )?.conditions?.find((condition) => condition.type === type)

const answered = <Answer extends { status: number }>(answer: Answer): Answer | undefined =>
  answer.status === 200 ? answer : undefined

/** What a pod is told when it asks for slots at a gateway's admin endpoint, as another gateway would. */
async function slotsToPod(origin: string): Promise<string> {
  const script = `require("http").get(${JSON.stringify(`${origin}/slots?from=${origin}`)}, { headers: { connection: "upgrade", upgrade: "wick-slots" } },
    (answer) => { console.log(answer.statusCode); process.exit() }).on("upgrade", () => { console.log("in"); process.exit() })`
  const { stdout, stderr } = await exec(wick.client, { name: "caller", namespace }, { command: ["node", "-e", script] })
  return stdout.trim() || stderr
}

describe("a pod", () => {
  it("neither waits for drains nor takes slots at the gateway's admin endpoint, but may read its metrics", async () => {
    const labelSelector = "kubernetes.io/service-name=activator-service"
    const { items } = await wick.client.list(EndpointSlice, { namespace: "knative-serving", labelSelector })
    const [slice] = items
    const port = slice?.ports?.find(({ name }) => name === "admin")?.port
    const origin = `http://${slice?.endpoints[0]?.addresses[0]}:${port}`
    for (const path of ["/drain/default/hello-00001", "/routed/default/hello"]) {
      expect(await fromPod(origin + path), path).toMatchObject({ status: 401 })
    }
    expect(await slotsToPod(origin)).toBe("401")
    expect(await fromPod(`${origin}/metrics`)).toMatchObject({ status: 200 })
  })

  it.each(["http://hello.default", "http://hello.default.svc", "http://hello.default.svc.cluster.local"])(
    "calls a function by its name: %s",
    async (url) => {
      const { status, body } = await fromPod(url)
      expect(status, body).toBe(200)
      expect(JSON.parse(body)).toMatchObject({ version: "1", headers: { host: new URL(url).host } })
    },
  )

  it("calls a function by the URL that everybody is shown, which leads out of the cluster for nobody", async () => {
    const { status } = await wick.client.get(Service, { name: "hello", namespace })
    const url = new URL(status?.url ?? "")
    for (const called of [url.origin, `http://${url.hostname}`]) {
      expect(await fromPod(called), called).toMatchObject({ status: 200 })
    }
  })

  it("calls a tag by its name", async () => {
    await tag("hello", "stable")
    expect((await until("an answer", () => fromPod("http://stable-hello.default").then(answered))).status).toBe(200)
  })

  it("that asks for a revision by itself keeps activators at the revision's Service", async () => {
    const burst = "autoscaling.knative.dev/target-burst-capacity=0"
    await deploy("direct", "--scale-min", "1", "--annotation-revision", burst)
    const isMode = (mode: string) => async (): Promise<boolean> => {
      const { items } = await wick.client.list(ServerlessService, { namespace })
      return items.some(({ metadata, spec }) => metadata.name === "direct-00001" && spec.mode === mode)
    }
    await until("pods answer for themselves", isMode("Serve"))
    const asked = { "Knative-Serving-Namespace": namespace, "Knative-Serving-Revision": "direct-00001" }
    expect((await fromPod("http://wick-gateway-local.knative-serving", asked)).status).toBe(200)
    await until("activators are back", isMode("Proxy"))
  })

  it("alone calls what is for the cluster only", async () => {
    await deploy("inner")
    const body = { metadata: { labels: { "networking.knative.dev/visibility": "cluster-local" } } }
    await wick.client.patch(Service, { name: "inner", namespace }, { type: "merge", body })
    const { status } = await until("a local URL", async () => {
      const service = await wick.client.get(Service, { name: "inner", namespace })
      const isLocal = service.status?.url === "http://inner.default.svc.cluster.local"
      return isLocal && conditionOf(service, "Ready")?.status === "True" ? service : undefined
    })
    expect((await fromPod(status?.url ?? "")).status).toBe(200)
    expect((await wick.call("inner.default.wick.localhost")).status).toBe(404)
    expect((await wick.call("inner.default.svc.cluster.local")).status).toBe(404)
    expect((await wick.call("inner.default.svc.cluster.local")).status).toBe(404)
  })
})

describe("a request that names a tag by its header", () => {
  it("goes there where operators allow it, and the application is told by which way", async () => {
    const settings = { name: "config-features", namespace: "knative-serving" }
    const body = { data: { "tag-header-based-routing": "enabled" } }
    await wick.client.patch(ConfigMap, settings, { type: "merge", body })
    const told = (headers: Record<string, string>) =>
      wick.call("hello.default.wick.localhost", { headers }).then((answer) => JSON.parse(answer.body).headers)
    const plain = await until("routing by header", async () => {
      const headers = await told({})
      return headers["knative-serving-default-route"] === "true" ? headers : undefined
    })
    expect(plain["knative-serving-tag"]).toBeUndefined()
    const tagged = await told({ "knative-serving-tag": "stable" })
    expect(tagged["knative-serving-default-route"]).toBeUndefined()
    expect((await told({ "knative-serving-tag": "unknown" }))["knative-serving-default-route"]).toBe("true")
    const direct = await wick.call("stable-hello.default.wick.localhost")
    expect(JSON.parse(direct.body).headers["knative-serving-tag"]).toBe("stable")
  })
})

describe("the gateway's Service", () => {
  it("has an address and node ports by which functions are called", async () => {
    const { spec, status } = await wick.client.get(CoreService, { name: "wick-gateway", namespace: "knative-serving" })
    expect(status?.loadBalancer?.ingress).toHaveLength(1)
    const address = status?.loadBalancer?.ingress?.[0]?.ip ?? ""
    const port = spec.ports?.find(({ name }) => name === "http")
    for (const at of [port?.port, port?.nodePort]) {
      const answer = await fetch(`http://${address}:${at}/`).then(({ status }) => status)
      expect(answer).toBe(404)
    }
    const { status: code } = await call(port?.nodePort ?? 0, "hello.default.wick.localhost", { address })
    expect(code).toBe(200)
  })
})

describe("a service that is ready", () => {
  it("is answered by its newest revision from the first request on", async () => {
    for (let version = 2; version < 12; version++) {
      await deploy("hello", "--env", `VERSION=${version}`)
      const { body } = await wick.call("hello.default.wick.localhost")
      expect(JSON.parse(body).version).toBe(String(version))
    }
  })
})

describe("a domain", () => {
  const domain = "www.example.test"
  const claim = { metadata: { name: domain }, spec: { namespace } }
  const mapping = {
    metadata: { name: domain, namespace },
    spec: { ref: { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "hello" } },
  }
  const reads = (type: string, status: string) =>
    until(`${type} ${status}`, async () => {
      const condition = conditionOf(await wick.client.get(DomainMapping, { name: domain, namespace }), type)
      return condition?.status === status ? condition : undefined
    })

  it("has a certificate of an authority that speaks ACME, to whom the gateway has proven it", async () => {
    await using pebble = await startPebble(wick.gatewayPort)
    const acme = { "acme-directory": pebble.directory, "acme-ca-bundle": pebble.authorityPem }
    await using _authority = await configured("config-wick", acme)
    await using _certificates = await configured("config-network", { "external-domain-tls": "Enabled" })
    const name = "secure.example.test"
    await wick.client.create(ClusterDomainClaim, { metadata: { name }, spec: { namespace } })
    await wick.client.create(DomainMapping, { ...mapping, metadata: { name, namespace } })
    await until("a certificate", async () => {
      const found = conditionOf(await wick.client.get(DomainMapping, { name, namespace }), "CertificateProvisioned")
      return found?.status === "True" && found.reason === undefined
    })
    const { status } = await wick.client.get(DomainMapping, { name, namespace })
    expect(status?.url).toMatch(/^https:/)
    expect(await until("the gateway serves it", () => issuerSeen(name))).toMatch(/^Pebble/)
    await wick.client.delete(DomainMapping, { name, namespace })
    await wick.client.delete(ClusterDomainClaim, { name })
  })

  it("leads to a function once it is claimed for the namespace, and no longer when it is not", async () => {
    await wick.client.create(DomainMapping, mapping)
    expect(await reads("DomainClaimed", "False")).toMatchObject({ reason: "DomainClaimFailed" })
    await wick.client.create(ClusterDomainClaim, claim)
    await reads("Ready", "True")
    const { status, body } = await wick.call(domain)
    expect(status).toBe(200)
    expect(JSON.parse(body).headers.host).toBe(domain)
    await wick.client.delete(ClusterDomainClaim, { name: domain })
    await until("nobody answers", async () => (await wick.call(domain)).status === 404)
  })

  it("is claimed by itself where operators allow it, and free again when its mapping goes", async () => {
    const settings = { name: "config-network", namespace: "knative-serving" }
    const data = { "autocreate-cluster-domain-claims": "true" }
    await wick.client.patch(ConfigMap, settings, { type: "merge", body: { data } })
    await reads("Ready", "True")
    expect((await wick.call(domain)).status).toBe(200)
    await wick.client.delete(DomainMapping, { name: domain, namespace })
    await until("no claim", async () => (await wick.client.list(ClusterDomainClaim)).items.length === 0)
    await until("nobody answers", async () => (await wick.call(domain)).status === 404)
  })
})

describe("two routes that want one name", () => {
  it("do not meet: the second is told, and when it goes the first keeps its name", async () => {
    await deploy("next-hello")
    await tag("hello", "next")
    const refused = await until("a refusal", async () => {
      const ready = conditionOf(await wick.client.get(Route, { name: "hello", namespace }), "Ready")
      return ready?.reason === "NotOwned" ? ready : undefined
    })
    expect(refused.message).toBe('There is an existing placeholder Service "next-hello" that we do not own.')
    expect((await wick.call("next-hello.default.wick.localhost")).status).toBe(200)
    expect((await wick.call("hello.default.wick.localhost")).status).toBe(200)
    await wick.wick("delete", "next-hello")
    await until("the tag is served", async () => {
      const ready = conditionOf(await wick.client.get(Route, { name: "hello", namespace }), "Ready")
      return ready?.status === "True"
    })
    expect((await wick.call("next-hello.default.wick.localhost")).status).toBe(200)
  })
})

describe("a function behind TLS", () => {
  const host = "hello.default.wick.localhost"
  const configure = async (data: Record<string, string | null>): Promise<void> => {
    const settings = { name: "config-network", namespace: "knative-serving" }
    await wick.client.patch(ConfigMap, settings, { type: "merge", body: { data } })
  }
  const shown = (name: string, what: (route: Route) => boolean): Promise<Route> =>
    until("the route shows it", async () => {
      const found = await wick.client.get(Route, { name, namespace })
      return what(found) && conditionOf(found, "Ready")?.status === "True" ? found : undefined
    })
  const secretText = async (name: string, of: string, key: string): Promise<string> => {
    const { data } = await wick.client.get(Secret, { name, namespace: of })
    return Buffer.from(data?.[key] ?? "", "base64").toString()
  }
  const authority = (): Promise<string> => secretText("routing-serving-certs-ca", "knative-serving", "ca.crt")

  it("has a certificate of its own where operators want one, and fails no request while that is replaced", async () => {
    await configure({ "external-domain-tls": "Enabled" })
    const { status } = await shown("hello", (route) => route.status?.url?.startsWith("https:") ?? false)
    expect(status?.url).toBe(`https://${host}:${wick.securePort}`)
    const ca = await authority()
    const send = () => callSecurely(wick.securePort, host, ca)
    expect((await send()).status).toBe(200)
    expect(await wick.wick("invoke", "hello")).toMatchObject({ code: 0, stderr: "" })
    const { items } = await wick.client.list(Certificate, { namespace })
    const certificate = items.find(({ spec }) => spec.dnsNames.includes(host))
    const name = certificate?.spec.secretName ?? ""
    const ended = new AbortController()
    const load = steady(4, send, ended.signal)
    for (let round = 0; round < 3; round++) {
      const before = await secretText(name, namespace, "tls.crt")
      // As if another had made it: then it is made anew.
      const annotations = { "networking.internal.knative.dev/issuer": `another ${round}` }
      await wick.client.patch(Secret, { name, namespace }, { type: "merge", body: { metadata: { annotations } } })
      await until("a new certificate", async () => (await secretText(name, namespace, "tls.crt")) !== before)
      const serial = new X509Certificate(await secretText(name, namespace, "tls.crt")).serialNumber
      await until("the new one is served", async () => (await send()).serial === serial)
    }
    ended.abort()
    const { byStatus, lost } = await load
    expect(lost).toEqual([])
    expect(Object.keys(byStatus)).toEqual(["200"])
  })

  it("is reached only so where operators want that", async () => {
    await configure({ "http-protocol": "Redirected" })
    const answer = await until("a redirect", async () => {
      const found = await wick.call(host, { path: "/a?b=c" })
      return found.status === 301 ? found : undefined
    })
    expect(answer.headers.location).toBe(`https://${host}:${wick.securePort}/a?b=c`)
    await configure({ "http-protocol": null })
  })

  it("is called so by pods where operators want that", async () => {
    await configure({ "cluster-local-domain-tls": "Enabled" })
    const { status } = await shown("hello", (route) => route.status?.address?.url?.startsWith("https:") ?? false)
    const script = `require("https").get(process.argv[1], { ca: process.argv[2] }, (answer) => {
      console.log(answer.statusCode)
      answer.resume()
    })`
    const ca = await authority()
    for (const url of [status?.address?.url ?? "", status?.url ?? "", `https://${host}`]) {
      const command = ["node", "-e", script, "--", url, ca]
      const { stdout, stderr } = await exec(wick.client, { name: "caller", namespace }, { command })
      expect(stdout.trim(), `${url}: ${stderr}`).toBe("200")
    }
    await configure({ "cluster-local-domain-tls": null, "external-domain-tls": null })
    await shown("hello", (route) => route.status?.url?.startsWith("http:") ?? false)
  })

  it("is served under a domain of one's own by a certificate of one's own", async () => {
    const name = "own.example.test"
    const nowMs = Date.now()
    const own = await createAuthority("own", nowMs)
    const subject = { commonName: name, organizations: [], use: "serving", names: [name] } as const
    const { certificatePem, privateKeyPem } = await issueCertificate(own, subject, nowMs)
    const stringData = { "tls.crt": certificatePem, "tls.key": privateKeyPem }
    await wick.client.create(Secret, { metadata: { name: "own", namespace }, type: "kubernetes.io/tls", stringData })
    const ref = { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "hello" }
    await wick.client.create(ClusterDomainClaim, { metadata: { name }, spec: { namespace } })
    await wick.client.create(DomainMapping, {
      metadata: { name, namespace },
      spec: { ref, tls: { secretName: "own" } },
    })
    await until("the domain is ready", async () => {
      const mapping = await wick.client.get(DomainMapping, { name, namespace })
      return conditionOf(mapping, "Ready")?.status === "True"
    })
    expect((await callSecurely(wick.securePort, name, own.certificatePem)).status).toBe(200)
    await wick.client.delete(DomainMapping, { name, namespace })
  })
})
