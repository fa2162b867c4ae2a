import type { ClusterDomainClaim } from "@wick/sdk/api/networking-internal/cluster-domain-claim"
import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { readConfig } from "@wick/sdk/api/serving/config"
import type { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { describe, expect, it } from "vitest"
import { config, nowMs, readyOf } from "../../testing/objects.ts"
import { decide, type Observed } from "./decide.ts"

const apiVersion = "serving.knative.dev/v1"
const automatic = readConfig({ "config-network": { "autocreate-cluster-domain-claims": "true" } })

function mapping(ref: object = {}, more: object = {}): DomainMapping {
  return {
    apiVersion: "serving.knative.dev/v1beta1",
    kind: "DomainMapping",
    metadata: { name: "www.example.com", namespace: "default", uid: "uid-www", generation: 1 },
    spec: { ref: { apiVersion, kind: "Service", name: "hello", ...ref }, ...more },
  } as unknown as DomainMapping
}

const claimOf = (namespace: string) => ({ spec: { namespace } }) as ClusterDomainClaim
const addressed = { status: { address: { url: "http://hello.default.svc.cluster.local" } } }

function observed(overrides: Partial<Observed> = {}): Observed {
  return {
    mapping: mapping(),
    claim: claimOf("default"),
    target: addressed,
    ingress: undefined,
    certificate: undefined,
    config,
    ...overrides,
  }
}

function stored(ingress: unknown): Ingress {
  const made = ingress as Ingress
  const status = { observedGeneration: 1, conditions: [{ type: "Ready", status: "True" }] }
  return { ...made, metadata: { ...made.metadata, uid: "u", generation: 1, resourceVersion: "1" }, status } as Ingress
}

const condition = (status: Observed["mapping"]["status"], type: string) =>
  status?.conditions?.find((each) => each.type === type)

describe("a domain mapping", () => {
  it("leads where the target's own name leads, and is ready when gateways have it", () => {
    const { ingress, status } = decide(observed(), nowMs)
    expect(ingress?.spec.rules).toMatchObject([
      {
        hosts: ["www.example.com"],
        visibility: "ExternalIP",
        http: { paths: [{ rewriteHost: "hello.default.svc.cluster.local", splits: [{ serviceName: "hello" }] }] },
      },
    ])
    expect(readyOf(status)).toMatchObject({ status: "Unknown", reason: "IngressNotConfigured" })
    const served = decide(observed({ ingress: stored(ingress) }), nowMs)
    expect(readyOf(served.status)).toMatchObject({ status: "True" })
    expect(served.status.url).toBe("http://www.example.com:8080")
    expect(served.ingress).toBeUndefined()
  })

  it("brings a certificate of its own to the gateways", () => {
    const { ingress, status } = decide(observed({ mapping: mapping({}, { tls: { secretName: "mine" } }) }), nowMs)
    expect(ingress?.spec.tls).toEqual([{ hosts: ["www.example.com"], secretName: "mine", secretNamespace: "default" }])
    expect(condition(status, "CertificateProvisioned")).toMatchObject({
      status: "True",
      reason: "CertificateExternallyProvided",
    })
  })
})

describe("a domain", () => {
  it("that nobody has claimed is claimed where operators allow it, and refused where not", () => {
    const { claim } = decide(observed({ claim: undefined, config: automatic }), nowMs)
    expect(claim).toEqual({ metadata: { name: "www.example.com" }, spec: { namespace: "default" } })
    const refused = decide(observed({ claim: undefined }), nowMs)
    expect([refused.claim, refused.ingress]).toEqual([undefined, undefined])
    expect(condition(refused.status, "DomainClaimed")).toMatchObject({ status: "False", reason: "DomainClaimFailed" })
  })

  it("of another namespace is not served, nor any longer", () => {
    const { ingress } = decide(observed(), nowMs)
    const lost = decide(observed({ claim: claimOf("other"), ingress: stored(ingress), config: automatic }), nowMs)
    expect([lost.claim, lost.ingress, lost.removeIngress]).toEqual([undefined, undefined, true])
    expect(readyOf(lost.status)).toMatchObject({
      status: "False",
      reason: "DomainAlreadyClaimed",
      message: "The domain name is already in use by another DomainMapping",
    })
  })
})

it.each([
  { name: "is not there", target: undefined, why: 'services.serving.knative.dev "hello" not found' },
  { name: "has no address yet", target: {}, why: "address not set for Service default/hello" },
  {
    name: "is elsewhere",
    target: { status: { address: { url: "http://hello.com" } } },
    why: 'resolved URI "http://hello.com" must be of the form {name}.{namespace}.svc.cluster.local',
  },
  {
    name: "is of another namespace",
    target: { status: { address: { url: "http://hello.other.svc.cluster.local" } } },
    why: 'resolved URI "http://hello.other.svc.cluster.local" must be in same namespace as DomainMapping',
  },
  {
    name: "is no function",
    mapping: mapping({ kind: "Service", apiVersion: "v1" }),
    why: "a domain leads to a Service or Route of serving.knative.dev, not to a v1 Service",
  },
])("what $name is told as ResolveFailed", ({ why, name: _, ...overrides }) => {
  const { ingress, status } = decide(observed(overrides), nowMs)
  expect(ingress).toBeUndefined()
  expect(readyOf(status)).toMatchObject({ status: "False", reason: "ResolveFailed", message: why })
})
