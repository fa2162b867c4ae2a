import { describe, expect, it } from "vitest"
import type { AdmissionAttributes } from "../step.ts"
import { namedIn, namespaceSelected } from "./match.ts"
import type { Webhook } from "./webhook.ts"

const webhook = (
  changed: Partial<Webhook> & { resources?: string[]; scope?: "*" | "Cluster" | "Namespaced" },
): Webhook => ({
  name: "check.example.com",
  clientConfig: { url: "https://example.com" },
  rules: [
    {
      operations: ["CREATE"],
      apiGroups: ["apps"],
      apiVersions: ["v1"],
      resources: changed.resources ?? ["deployments"],
      scope: changed.scope ?? "*",
    },
  ],
  failurePolicy: "Fail",
  matchPolicy: "Equivalent",
  namespaceSelector: {},
  objectSelector: {},
  sideEffects: "None",
  timeoutSeconds: 10,
  admissionReviewVersions: ["v1"],
  ...changed,
})

const creation: AdmissionAttributes = {
  operation: "CREATE",
  group: "apps",
  version: "v1",
  kind: "Deployment",
  resource: "deployments",
  subresource: "",
  namespace: "shop",
  name: "cart",
  object: { apiVersion: "apps/v1", kind: "Deployment", metadata: { name: "cart", labels: { tier: "web" } } },
  oldObject: undefined,
  user: { name: "jo", groups: [] },
  dryRun: false,
  warn: () => {},
}

describe("a webhook's rules", () => {
  it.each<{ name: string; of: Parameters<typeof webhook>[0]; write?: Partial<AdmissionAttributes>; named: boolean }>([
    { name: "name what they say", of: {}, named: true },
    { name: "name no other operation", of: {}, write: { operation: "DELETE" }, named: false },
    { name: "name no other version", of: {}, write: { version: "v2" }, named: false },
    { name: "for a resource do not name its subresources", of: {}, write: { subresource: "status" }, named: false },
    {
      name: "name one subresource",
      of: { resources: ["deployments/scale"] },
      write: { subresource: "scale" },
      named: true,
    },
    {
      name: "with a star name resources, not subresources",
      of: { resources: ["*"] },
      write: { subresource: "scale" },
      named: false,
    },
    {
      name: "with two stars name everything",
      of: { resources: ["*/*"] },
      write: { subresource: "scale" },
      named: true,
    },
    { name: "for namespaced things name them", of: { scope: "Namespaced" }, named: true },
    { name: "for cluster-wide things do not", of: { scope: "Cluster" }, named: false },
    {
      name: "and a selector of objects name one with such labels",
      of: { objectSelector: { matchLabels: { tier: "web" } } },
      named: true,
    },
    {
      name: "and a selector of objects do not name one without",
      of: { objectSelector: { matchLabels: { tier: "db" } } },
      named: false,
    },
    {
      name: "never name registrations of webhooks",
      of: { rules: [{ operations: ["*"], apiGroups: ["*"], apiVersions: ["*"], resources: ["*/*"], scope: "*" }] },
      write: { group: "admissionregistration.k8s.io", resource: "validatingwebhookconfigurations" },
      named: false,
    },
  ])("$name", ({ of, write, named }) =>
    expect(namedIn(webhook(of), { ...creation, ...write }) !== undefined).toBe(named),
  )
})

describe("a webhook's selector of namespaces", () => {
  const selecting = webhook({ namespaceSelector: { matchLabels: { team: "a" } } })
  const labelsOf = async (namespace: string): Promise<Record<string, string>> => ({
    team: namespace === "shop" ? "a" : "b",
  })

  it("looks at the labels of the object's namespace", async () => {
    expect(await namespaceSelected(selecting, creation, labelsOf)).toBe(true)
    expect(await namespaceSelected(selecting, { ...creation, namespace: "other" }, labelsOf)).toBe(false)
  })

  it("looks at a namespace's own labels, and does not hold back what is in none", async () => {
    const object = { apiVersion: "v1", kind: "Namespace", metadata: { name: "x", labels: { team: "b" } } }
    const namespace = { ...creation, group: "", resource: "namespaces", namespace: "x", object }
    expect(await namespaceSelected(selecting, namespace, labelsOf)).toBe(false)
    expect(await namespaceSelected(selecting, { ...creation, namespace: "" }, labelsOf)).toBe(true)
  })
})
