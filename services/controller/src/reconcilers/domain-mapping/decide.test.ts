import type { ClusterDomainClaim } from "@wick/sdk/api/networking-internal/cluster-domain-claim"
import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { readConfig } from "@wick/sdk/api/serving/config"
import type { DomainMapping } from "@wick/sdk/api/serving/domain-mapping"
import { describe, expect, it } from "vitest"
import { config, nowMs, readyOf } from "../../testing/objects.ts"
import { decide, type Observed } from "./decide.ts"

const apiVersion = "serving.knative.dev/v1"
const broker = { apiVersion: "eventing.knative.dev/v1", kind: "Broker" }
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

describe("what a mapping may lead to", () => {
  const pathOf = (ref: object, target: Observed["target"]) =>
    decide(observed({ mapping: mapping(ref), target }), nowMs).ingress?.spec.rules?.[0]?.http?.paths[0]

  it("is a plain Service, by its name in the cluster", () => {
    expect(pathOf({ apiVersion: "v1" }, {})).toMatchObject({
      rewriteHost: "hello.default.svc.cluster.local",
      splits: [{ serviceName: "hello", servicePort: 80, appendHeaders: { "K-Original-Host": "www.example.com" } }],
    })
  })

  it("is anything that has an address in the mapping's namespace, or one of several", () => {
    const [first, second] = ["one", "two"].map((name) => ({ name, url: `http://${name}.default.svc.cluster.local/` }))
    expect(pathOf(broker, { status: { address: first } })?.splits[0]?.serviceName).toBe("one")
    const both = { status: { address: first, addresses: [first, second] } } as Observed["target"]
    expect(pathOf({ ...broker, address: "two" }, both)?.rewriteHost).toBe("two.default.svc.cluster.local")
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
    name: "is a plain Service that is not there",
    mapping: mapping({ kind: "Service", apiVersion: "v1" }),
    target: undefined,
    why: 'services "hello" not found',
  },
  {
    name: "has a path in its address",
    mapping: mapping(broker),
    target: { status: { address: { url: "http://broker-ingress.default.svc.cluster.local/default/hello" } } },
    why: 'resolved URI "http://broker-ingress.default.svc.cluster.local/default/hello" contains a path',
  },
  {
    name: "has no address of the name that is asked for",
    mapping: mapping({ ...broker, address: "second" }),
    why: "address not set for Broker default/hello",
  },
  {
    name: "cannot be looked at",
    mapping: mapping(broker),
    target: undefined,
    refusal: "brokers.eventing.knative.dev is forbidden",
    why: "brokers.eventing.knative.dev is forbidden",
  },
  {
    name: "is of a group without a version",
    mapping: mapping({ kind: "Broker", group: "eventing.knative.dev", apiVersion: undefined }),
    why: "missing field(s): spec.ref.apiVersion of the Broker of group eventing.knative.dev",
  },
])("what $name is told as ResolveFailed", ({ why, name: _, ...overrides }) => {
  const { ingress, status } = decide(observed(overrides), nowMs)
  expect(ingress).toBeUndefined()
  expect(readyOf(status)).toMatchObject({ status: "False", reason: "ResolveFailed", message: why })
})
