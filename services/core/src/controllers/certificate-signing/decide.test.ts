import type { CertificateSigningRequest } from "@wick/sdk/api/certificates/certificate-signing-request"
import { describe, expect, it } from "vitest"
import { decide, type Plan } from "./decide.ts"
import type { RequestedSubject } from "./signer.ts"

const hourMs = 3_600_000
const createdMs = Date.parse("2026-01-01T00:00:00Z")
const client = "kubernetes.io/kube-apiserver-client"
const kubelet = `${client}-kubelet`
const serving = "kubernetes.io/kubelet-serving"
const approved = { type: "Approved", status: "True" }
const jo = { commonName: "jo", organizations: ["dev"] }
const node = { commonName: "system:node:one", organizations: ["system:nodes"] }
const nodeUsages = ["digital signature", "client auth"]
const servingUsages = ["digital signature", "key encipherment", "server auth"]

interface Case {
  readonly name: string
  readonly signer: string
  readonly usages?: readonly string[]
  readonly spec?: object
  readonly conditions?: readonly object[]
  readonly certificate?: string
  readonly subject: Partial<RequestedSubject>
  readonly ageMs?: number
  readonly plan: Plan
}

function plan({
  signer,
  usages = ["client auth"],
  spec,
  conditions = [],
  certificate,
  subject,
  ageMs = 0,
}: Case): Plan {
  const request = {
    metadata: { name: "it", creationTimestamp: "2026-01-01T00:00:00Z" },
    spec: { request: "", signerName: signer, usages, username: "jo", ...spec },
    status: { conditions, ...(certificate && { certificate }) },
  } as unknown as CertificateSigningRequest
  const nobody = { commonName: "", organizations: [], dns: [], ip: [], email: [], uri: [] }
  return decide(request, { ...nobody, ...subject }, createdMs + ageMs)
}
const failure = (message: string): Plan => ({ kind: "fail", message })
const self = { spec: { username: node.commonName } }

describe("a request for a certificate", () => {
  it.each<Case>([
    { name: "waits for an approval", signer: client, subject: jo, plan: { kind: "wait", ms: 24 * hourMs } },
    {
      name: "is signed when it is approved",
      signer: client,
      subject: jo,
      conditions: [approved],
      plan: { kind: "sign", lifetimeMs: 365 * 24 * hourMs },
    },
    {
      name: "says how long the certificate shall live",
      signer: client,
      subject: jo,
      spec: { expirationSeconds: 3_600 },
      conditions: [approved],
      plan: { kind: "sign", lifetimeMs: hourMs },
    },
    {
      name: "gets no more than a year",
      signer: client,
      subject: jo,
      spec: { expirationSeconds: 2_000_000_000 },
      conditions: [approved],
      plan: { kind: "sign", lifetimeMs: 365 * 24 * hourMs },
    },
    {
      name: "of a client is not signed for a server",
      signer: client,
      usages: ["client auth", "server auth"],
      subject: jo,
      conditions: [approved],
      plan: failure("usages did not match [digital signature key encipherment client auth]"),
    },
    {
      name: "that was denied is never signed",
      signer: client,
      subject: jo,
      conditions: [approved, { type: "Denied", status: "True" }],
      plan: { kind: "wait", ms: hourMs },
    },
    {
      name: "for another signer is left to it",
      signer: "example.com/mine",
      subject: jo,
      conditions: [approved],
      plan: { kind: "wait", ms: 24 * hourMs },
    },
    {
      name: "that was answered is kept for an hour",
      signer: client,
      subject: jo,
      certificate: "b25l",
      ageMs: hourMs,
      plan: { kind: "remove" },
    },
    {
      name: "that nobody decides is kept for a day",
      signer: "example.com/mine",
      subject: jo,
      ageMs: 24 * hourMs,
      plan: { kind: "remove" },
    },
  ])("$name", (it) => expect(plan(it)).toEqual(it.plan))
})

describe("a node's request", () => {
  const asNode = { signer: kubelet, usages: nodeUsages, subject: node }
  const asServer = { signer: serving, usages: servingUsages, conditions: [approved], ...self }
  it.each<Case>([
    {
      ...asNode,
      ...self,
      name: "for itself is approved by its own right",
      plan: { kind: "approve", rights: ["selfnodeclient", "nodeclient"], waitMs: 30_000 },
    },
    {
      ...asNode,
      name: "by another is approved by the right of whoever brings nodes, though that be given later",
      plan: { kind: "approve", rights: ["nodeclient"], waitMs: 30_000 },
    },
    {
      ...asNode,
      ...self,
      name: "with further names is not approved unasked",
      subject: { ...node, dns: ["one"] },
      plan: { kind: "wait", ms: 24 * hourMs },
    },
    {
      ...asNode,
      name: "by somebody who is none fails",
      subject: { ...node, organizations: ["system:nodes", "system:masters"] },
      conditions: [approved],
      plan: failure("subject organization is not system:nodes"),
    },
    {
      ...asServer,
      name: "to serve is signed for the names that it has",
      subject: { ...node, ip: ["10.0.0.1"] },
      plan: { kind: "sign", lifetimeMs: 365 * 24 * hourMs },
    },
    {
      ...asServer,
      name: "to serve needs a name",
      subject: node,
      plan: failure("DNS or IP subjectAltName is required"),
    },
    {
      ...asServer,
      name: "to serve is the node's own",
      spec: { username: "system:node:two" },
      subject: { ...node, dns: ["one"] },
      plan: failure("requestor is not the node that the subject names"),
    },
  ])("$name", (it) => expect(plan(it)).toEqual(it.plan))
})
