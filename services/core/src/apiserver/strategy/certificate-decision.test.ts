import type { AnyObject } from "@wick/sdk/api/kind"
import { describeFieldError } from "@wick/sdk/api/meta/field-error"
import { describe, expect, it } from "vitest"
import { decided } from "./certificate-decision.ts"
import { certificateSigningRequests } from "./certificate-signing-request.ts"

const strategy = decided(certificateSigningRequests)
const pem = "-----BEGIN CERTIFICATE REQUEST-----\nAA==\n-----END CERTIFICATE REQUEST-----\n"
const spec = {
  request: Buffer.from(pem).toString("base64"),
  signerName: "kubernetes.io/kube-apiserver-client",
  usages: ["client auth"],
}
const approved = { type: "Approved", status: "True", reason: "Known" }
const denied = { type: "Denied", status: "True" }
const failed = { type: "Failed", status: "True" }

const request = (status: object, name = spec.signerName): AnyObject => ({
  apiVersion: "certificates.k8s.io/v1",
  kind: "CertificateSigningRequest",
  metadata: { name: "jo" },
  spec: { ...spec, signerName: name },
  status,
})
const said = (mistakes: Parameters<typeof describeFieldError>[0][] | undefined): string[] =>
  (mistakes ?? []).map(describeFieldError)

describe("an approval", () => {
  it.each([
    { name: "is given", old: {}, next: { conditions: [approved] }, says: [] },
    {
      name: "may come after a failure",
      old: { conditions: [failed] },
      next: { conditions: [failed, approved] },
      says: [],
    },
    {
      name: "is not taken back",
      old: { conditions: [approved] },
      next: { conditions: [] },
      says: ['status.conditions: Forbidden: updates may not remove a condition of type "Approved"'],
    },
    {
      name: "and a denial exclude each other",
      old: { conditions: [approved] },
      next: { conditions: [approved, denied] },
      says: [
        'status.conditions: Invalid value: "Approved,Denied": Approved and Denied conditions are mutually exclusive',
      ],
    },
  ])("$name", ({ old, next, says }) => {
    expect(said(strategy.validate?.(request(next), request(old), "approval"))).toEqual(says)
  })

  it("writes conditions and nothing else, and says since when they hold", () => {
    const live = request({ conditions: [], certificate: "b25l" })
    const wanted = request({ conditions: [approved], certificate: "dHdv" }, "example.com/other")
    const part = strategy.writablePart?.(wanted, live, "approval") as AnyObject
    strategy.prepareUpdate?.(part, live, Date.UTC(2026, 0, 1), "approval")
    const when = { lastUpdateTime: "2026-01-01T00:00:00Z", lastTransitionTime: "2026-01-01T00:00:00Z" }
    expect(part).toMatchObject({ spec, status: { certificate: "b25l", conditions: [{ ...approved, ...when }] } })
  })
})

describe("the status of a request", () => {
  it.each([
    { name: "takes a certificate", old: {}, next: { certificate: "b25l" }, says: [] },
    { name: "takes a failure", old: { conditions: [approved] }, next: { conditions: [approved, failed] }, says: [] },
    {
      name: "keeps the certificate that it has",
      old: { certificate: "b25l" },
      next: { certificate: "dHdv" },
      says: ["status.certificate: Forbidden: updates may not modify existing certificate content"],
    },
    {
      name: "does not decide",
      old: {},
      next: { conditions: [approved] },
      says: ['status.conditions: Forbidden: updates may not add a condition of type "Approved"'],
    },
    {
      name: "does not say otherwise why it was decided",
      old: { conditions: [approved] },
      next: { conditions: [{ ...approved, reason: "Other" }] },
      says: ['status.conditions: Forbidden: updates may not modify a condition of type "Approved"'],
    },
  ])("$name", ({ old, next, says }) => {
    expect(said(strategy.validateStatus?.(request(next), request(old)))).toEqual(says)
  })
})

it("the legacy signer is not asked any more", () => {
  expect(said(strategy.validate?.(request({}, "kubernetes.io/legacy-unknown"), undefined))).toEqual([
    'spec.signerName: Invalid value: "kubernetes.io/legacy-unknown": the legacy signerName is not allowed via this API version',
  ])
})

describe("a new request", () => {
  it.each([
    { name: "is good", next: {}, says: [] },
    {
      name: "names a signer of a domain",
      next: { signerName: "mine" },
      says: [
        "spec.signerName: Invalid value: \"mine\": must be a fully qualified domain and path of the form 'example.com/signer-name'",
      ],
    },
    { name: "says what for", next: { usages: [] }, says: ["spec.usages: Required value"] },
    {
      name: "says it once",
      next: { usages: ["client auth", "client auth"] },
      says: ['spec.usages[1]: Duplicate value: "client auth"'],
    },
    {
      name: "lives for ten minutes at least",
      next: { expirationSeconds: 60 },
      says: [
        "spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 600 seconds (10 minutes)",
      ],
    },
  ])("$name", ({ next, says }) => {
    expect(said(strategy.validate?.({ ...request({}), spec: { ...spec, ...next } }, undefined))).toEqual(says)
  })
})
