import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { type DataByName, readConfig } from "@wick/sdk/api/serving/config"
import type { Route } from "@wick/sdk/api/serving/route"
import { describe, expect, it } from "vitest"
import { route } from "../../testing/objects.ts"
import { adler32 } from "./adler32.ts"
import { planTls, type TlsInput } from "./tls.ts"

const network = (given: Record<string, string>): ReturnType<typeof readConfig> => {
  const data: DataByName = { "config-domain": { "example.com": "" }, "config-network": given }
  return readConfig(data)
}
const enabled = network({ "external-domain-tls": "Enabled" })

function plan(overrides: Partial<TlsInput> = {}) {
  const certificates = { get: () => undefined, own: [], wildcards: [] }
  return planTls({
    route: route(),
    config: enabled,
    tags: [""],
    visibility: () => "ExternalIP",
    certificates,
    ...overrides,
  })
}

/** As the API has it once a plan is carried out, and its controller says this of it. */
function stored(wanted: unknown, ready?: "True" | "False" | "Unknown"): Certificate {
  const made = wanted as Certificate
  const conditions = [{ type: "Ready", status: ready, ...(ready !== "True" && { reason: "OrderFailed", message: "" }) }]
  const status = ready && { observedGeneration: 1, conditions }
  return { ...made, metadata: { ...made.metadata, uid: made.metadata.name, generation: 1 }, status } as Certificate
}

function having(certificates: readonly Certificate[], wildcards: readonly Certificate[] = []) {
  const get = (name: string) => certificates.find(({ metadata }) => metadata.name === name)
  return { certificates: { get, own: certificates, wildcards } }
}

const after = (ready: "True" | "False" | "Unknown" | undefined, overrides: Partial<TlsInput> = {}) =>
  plan({ ...having(plan(overrides).put.map((each) => stored(each, ready))), ...overrides })

const host = "hello.default.example.com"
const annotated = (annotations: Record<string, string>): Route => {
  const plain = route()
  return { ...plain, metadata: { ...plain.metadata, annotations } }
}

describe("a route's certificates", () => {
  it("are none where operators want none, or the route says no", () => {
    const told = { reason: "TLSNotEnabled", message: "external-domain-tls is not enabled" }
    expect(plan({ config: network({}) })).toMatchObject({ put: [], tls: [], mark: told })
    const no = annotated({ "networking.knative.dev/disable-external-domain-tls": "true" })
    expect(plan({ route: no })).toMatchObject({ put: [], mark: told })
    expect(plan({ route: annotated({ "networking.knative.dev/disableAutoTLS": "false" }) }).put).toHaveLength(1)
  })

  it("are one for each name that is reached from outside", () => {
    const { put } = plan({ tags: ["", "blue"] })
    expect(put).toMatchObject([
      {
        metadata: {
          name: "route-uid-hello",
          labels: {
            "serving.knative.dev/route": "hello",
            "networking.knative.dev/certificate-type": "external-domain",
          },
          annotations: { "networking.knative.dev/certificate.class": "wick.certificate.networking.knative.dev" },
          ownerReferences: [{ kind: "Route", name: "hello" }],
        },
        spec: { dnsNames: [host], domain: "example.com", secretName: "route-uid-hello" },
      },
      { metadata: { name: `route-uid-hello-${adler32("blue")}` }, spec: { dnsNames: [`blue-${host}`] } },
    ])
    expect(adler32("Wikipedia")).toBe(0x11e60398)
    expect(plan({ visibility: () => "ClusterLocal" })).toMatchObject({
      put: [],
      mark: { reason: "TLSNotEnabled", message: "TLS is not enabled for cluster-local" },
    })
  })

  it("make https of a URL once they are ready, and until then leave it without", () => {
    expect(after("True")).toMatchObject({ put: [], mark: { status: "True" }, secure: new Set([host]) })
    expect(after("True").tls).toEqual([{ hosts: [host], secretName: "route-uid-hello", secretNamespace: "default" }])
    for (const standing of [undefined, "Unknown", "False"] as const) {
      expect(after(standing)).toMatchObject({
        tls: [],
        secure: new Set(),
        mark: {
          status: "True",
          reason: "HTTPDowngrade",
          message: "Certificate route-uid-hello is not ready downgrade HTTP.",
        },
      })
    }
  })

  it("keep a route from being ready where nobody may be served without", () => {
    const config = network({ "external-domain-tls": "Enabled", "http-protocol": "Redirected" })
    expect(after("Unknown", { config })).toMatchObject({
      secure: new Set([host]),
      mark: {
        status: "Unknown",
        reason: "CertificateNotReady",
        message: "Certificate route-uid-hello is not ready: OrderFailed",
      },
    })
    expect(after("False", { config }).mark).toMatchObject({
      status: "False",
      reason: "CertificateProvisionFailed",
      message: "Certificate route-uid-hello fails to be provisioned: OrderFailed",
    })
    const foreign = stored(plan().put[0], "True")
    const owned = { ...foreign, metadata: { ...foreign.metadata, ownerReferences: [] } }
    expect(plan({ ...having([owned]) }).mark).toMatchObject({
      status: "False",
      reason: "CertificateNotOwned",
      message: "There is an existing certificate route-uid-hello that we don't own.",
    })
  })

  it("go with their tag, and are brought to new names", () => {
    const made = plan({ tags: ["", "blue"] }).put.map((each) => stored(each, "True"))
    expect(plan(having(made))).toMatchObject({ put: [], remove: [`route-uid-hello-${adler32("blue")}`] })
    const config = readConfig({
      "config-domain": { "example.org": "" },
      "config-network": { "external-domain-tls": "Enabled" },
    })
    const moved = plan({ ...having(made.slice(0, 1)), config })
    expect(moved.put).toMatchObject([{ metadata: { uid: "route-uid-hello" }, spec: { domain: "example.org" } }])
    expect(moved.mark).toMatchObject({ reason: "HTTPDowngrade" })
  })

  it("are not needed where the namespace has one for all", () => {
    const metadata = { name: "default.example.com", namespace: "default", generation: 1 }
    const labels = { "networking.knative.dev/wildcardDomain": "example.com" }
    const spec = { dnsNames: ["*.default.example.com"], secretName: "default.example.com" }
    const wildcard = stored({ metadata: { ...metadata, labels }, spec }, "True")
    expect(plan(having([], [wildcard]))).toMatchObject({
      put: [],
      mark: { status: "True" },
      tls: [{ hosts: [host], secretName: "default.example.com" }],
    })
    const other = { ...wildcard, spec: { ...spec, dnsNames: ["*.other.example.com"] } } as Certificate
    expect(plan(having([], [other])).put).toHaveLength(1)
  })

  it("hand their challenges on in order", () => {
    const made = plan({ tags: ["", "blue"] }).put.map((each, at) => {
      const http01Challenges = [{ url: `http://${2 - at}.test/.well-known/acme-challenge/t`, response: "r" }]
      return { ...stored(each), status: { http01Challenges } } as Certificate
    })
    expect(plan({ ...having(made), tags: ["", "blue"] }).challenges.map(({ url }) => new URL(url ?? "").host)).toEqual([
      "1.test",
      "2.test",
    ])
  })
})

describe("certificates inside the cluster", () => {
  const config = network({ "cluster-local-domain-tls": "Enabled" })

  it("are for all spellings of a name, and make https of the address", () => {
    expect(plan({ config }).put).toMatchObject([
      {
        metadata: {
          name: "route-uid-hello-local",
          labels: { "networking.knative.dev/certificate-type": "cluster-local-domain" },
        },
        spec: {
          dnsNames: ["hello.default", "hello.default.svc", "hello.default.svc.cluster.local"],
          domain: "svc.cluster.local",
        },
      },
    ])
    const ready = after("True", { config })
    expect(ready.mark).toEqual({ status: "True" })
    expect(ready.secure).toContain("hello.default.svc.cluster.local")
    expect(ready.secure).not.toContain(host)
  })

  it("keep the address without while they are not ready, and the route says so", () => {
    const pending = after("Unknown", { config })
    expect(pending).toMatchObject({ tls: [], mark: { status: "Unknown", reason: "CertificateNotReady" } })
    expect(pending.secure.size).toBe(0)
  })
})
