import type { Namespace } from "@wick/sdk/api/core/namespace"
import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { readConfig } from "@wick/sdk/api/serving/config"
import { expect, it } from "vitest"
import { decide, type Observed } from "./decide.ts"

const selector = "matchLabels:\n  tls: shared"
const configured = (network: Record<string, string>) =>
  readConfig({
    "config-domain": { "example.com": "" },
    "config-network": { "external-domain-tls": "Enabled", ...network },
  })
const config = configured({ "namespace-wildcard-cert-selector": selector })
const namespace = {
  apiVersion: "v1",
  kind: "Namespace",
  metadata: { name: "team", uid: "uid-team", labels: { tls: "shared" } },
} as unknown as Namespace

const plan = (overrides: Partial<Observed> = {}) => decide({ namespace, certificates: [], config, ...overrides })
const made = () => plan().put as Certificate

it("a namespace that operators choose has one certificate for all names below its domain", () => {
  expect(made()).toMatchObject({
    metadata: {
      name: "team.example.com",
      namespace: "team",
      labels: {
        "networking.knative.dev/wildcardDomain": "example.com",
        "networking.knative.dev/certificate-type": "external-domain",
      },
      ownerReferences: [{ kind: "Namespace", name: "team" }],
    },
    spec: { dnsNames: ["*.team.example.com"], domain: "example.com", secretName: "team.example.com" },
  })
  expect(plan({ certificates: [made()] })).toEqual({ put: undefined, remove: [] })
})

it("one that is not chosen, or not any more, has none", () => {
  expect(plan({ config: configured({}) })).toEqual({ remove: [] })
  const plain = { ...namespace, metadata: { ...namespace.metadata, labels: {} } } as Namespace
  expect(plan({ namespace: plain, certificates: [made()] })).toEqual({ remove: ["team.example.com"] })
})

it("another's certificate for these names will do, and stays", () => {
  const foreign = { ...made(), metadata: { ...made().metadata, name: "bought", ownerReferences: [] } } as Certificate
  expect(plan({ certificates: [foreign] })).toEqual({ remove: [] })
})

it("a certificate moves with the domain", () => {
  const moved = readConfig({
    "config-domain": { "example.org": "" },
    "config-network": { "external-domain-tls": "Enabled", "namespace-wildcard-cert-selector": selector },
  })
  expect(plan({ certificates: [made()], config: moved })).toMatchObject({
    put: { metadata: { name: "team.example.org" } },
    remove: ["team.example.com"],
  })
})

it("no certificate is for all names where a host's first label is not the function's alone", () => {
  const flat = configured({
    "namespace-wildcard-cert-selector": selector,
    "domain-template": "{{.Name}}-{{.Namespace}}.{{.Domain}}",
  })
  expect(plan({ config: flat })).toEqual({ remove: [], mistake: "invalid DomainTemplate: *-team.example.com" })
})
