import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { readConfig } from "@wick/sdk/api/serving/config"
import type { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { expect, it } from "vitest"
import { nowMs } from "../../testing/objects.ts"
import { decide } from "./decide.ts"
import { planDomainTls } from "./tls.ts"

const name = "www.example.com"
const network = { "external-domain-tls": "Enabled", "external-port": "80" }
const config = readConfig({ "config-network": network })
const strict = readConfig({ "config-network": { ...network, "http-protocol": "Redirected" } })

function mapping(more: object = {}, annotations: Record<string, string> = {}): DomainMapping {
  return {
    apiVersion: "serving.knative.dev/v1beta1",
    kind: "DomainMapping",
    metadata: { name, namespace: "default", uid: "uid-www", generation: 1, annotations },
    spec: { ref: { apiVersion: "serving.knative.dev/v1", kind: "Service", name: "hello" }, ...more },
  } as unknown as DomainMapping
}

const challenge = { url: `http://${name}/.well-known/acme-challenge/tok`, response: "tok.thumb" }

/** The mapping's own, as its reconciler makes it. */
function certificate(status: "True" | "False" | "Unknown", more: object = {}): Certificate {
  const { put } = planDomainTls({ mapping: mapping(), certificate: undefined, config })
  const metadata = { ...put?.metadata, uid: "c", generation: 1, resourceVersion: "1" }
  const told = { observedGeneration: 1, conditions: [{ type: "Ready", status }], ...more }
  return { ...put, metadata, status: told } as unknown as Certificate
}

const plan = (given: Certificate | undefined, of = mapping(), by = config) =>
  planDomainTls({ mapping: of, certificate: given, config: by })

it("a domain has a certificate ordered, and is reached without it until it is there, where operators let it be", () => {
  const first = plan(undefined)
  expect(first.put).toMatchObject({
    metadata: {
      name,
      labels: {
        "networking.knative.dev/certificate-type": "external-domain",
        "serving.knative.dev/domainMappingUID": "uid-www",
      },
    },
    spec: { dnsNames: [name], domain: name, secretName: name },
  })
  expect([first.url, first.mark.reason, first.tls]).toEqual([`http://${name}`, "HTTPDowngrade", []])
  const message = `Certificate ${name} is not ready downgrade HTTP.`
  expect(plan(certificate("Unknown"))).toMatchObject({ put: undefined, mark: { status: "True", message } })
})

it("a domain is told with https when its certificate can be served", () => {
  const ready = plan(certificate("True"))
  expect(ready).toMatchObject({ put: undefined, url: `https://${name}`, mark: { status: "True" } })
  expect(ready.tls).toEqual([{ hosts: [name], secretName: name, secretNamespace: "default" }])
})

it("where nobody may be let in without TLS the mapping waits for its certificate, and fails with it", () => {
  const waiting = plan(certificate("Unknown"), mapping(), strict)
  expect(waiting.mark).toMatchObject({ status: "Unknown", reason: "CertificateNotReady" })
  const failed = plan(certificate("False"), mapping(), strict)
  expect(failed.mark).toMatchObject({ status: "False", reason: "CertificateProvisionFailed" })
  expect([waiting.url, failed.tls]).toEqual([`https://${name}`, []])
})

it("a Certificate of somebody else with that name is left alone, and told of", () => {
  const foreign = { ...certificate("True"), metadata: { name, namespace: "default", uid: "x" } } as Certificate
  const { put, remove, mark } = plan(foreign)
  expect([put, remove]).toEqual([undefined, false])
  expect(mark).toMatchObject({ status: "False", reason: "CertificateNotOwned" })
})

it("a certificate of one's own takes the place of one that was ordered", () => {
  const own = mapping({ tls: { secretName: "mine" } })
  const { put, remove, tls, mark } = plan(certificate("True"), own)
  expect([put, remove]).toEqual([undefined, true])
  expect(tls).toEqual([{ hosts: [name], secretName: "mine", secretNamespace: "default" }])
  expect(mark.reason).toBe("CertificateExternallyProvided")
})

it("nothing is ordered where operators or the mapping do not want it", () => {
  const unwanted = mapping({}, { "networking.knative.dev/disable-external-domain-tls": "true" })
  for (const given of [plan(undefined, mapping(), readConfig({})), plan(undefined, unwanted)]) {
    expect([given.put, given.mark.reason]).toEqual([undefined, "TLSNotEnabled"])
  }
})

it("challenges are answered at the domain before all else, for the first certificate and for the next", () => {
  const observed = {
    claim: { spec: { namespace: "default" } } as never,
    target: { status: { address: { url: "http://hello.default.svc.cluster.local" } } },
    ingress: undefined as Ingress | undefined,
    config: strict,
  }
  for (const status of ["Unknown", "True"] as const) {
    const given = certificate(status, { http01Challenges: [challenge] })
    const { ingress } = decide({ ...observed, mapping: mapping(), certificate: given }, nowMs)
    const [first, second] = ingress?.spec.rules?.[0]?.http?.paths ?? []
    expect(first).toMatchObject({
      path: "/.well-known/acme-challenge/tok",
      splits: [{ appendHeaders: { "K-Challenge-Answer": "tok.thumb" } }],
    })
    expect(second?.rewriteHost).toBe("hello.default.svc.cluster.local")
    expect([ingress?.spec.httpOption, ingress?.spec.tls?.length]).toEqual([
      "Redirected",
      status === "True" ? 1 : undefined,
    ])
  }
})

it("a domain that is another namespace's by now gives its certificate up", () => {
  const observed = {
    mapping: mapping(),
    certificate: certificate("True"),
    target: undefined,
    ingress: undefined,
    config,
  }
  const plan = decide({ ...observed, claim: { spec: { namespace: "other" } } as never }, nowMs)
  expect(plan.certificate).toEqual({ remove: true })
})
