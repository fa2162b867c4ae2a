import type { Secret } from "@wick/sdk/api/core/secret"
import type { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { describe, expect, it } from "vitest"
import { nowMs, readyOf } from "../../testing/objects.ts"
import type { ChainFacts } from "./chain.ts"
import { nextStep, type Observed, type Outcome, orderOf, statusOf, usable } from "./decide.ts"

const dayMs = 86_400_000

const certificate = {
  apiVersion: "networking.internal.knative.dev/v1alpha1",
  kind: "Certificate",
  metadata: { name: "route-1", namespace: "default", uid: "uid-1", generation: 2 },
  spec: { dnsNames: ["hello.default.test"], secretName: "route-1" },
} as unknown as Certificate

const secretOf = (uid: string): Secret =>
  ({ metadata: { name: "route-1", ownerReferences: [{ uid, controller: true }] } }) as unknown as Secret

const facts: ChainFacts = {
  domains: ["hello.default.test"],
  notBeforeMs: nowMs,
  notAfterMs: nowMs + 90 * dayMs,
  issuer: "serving-ca 1",
}

const observed = (overrides: Partial<Observed> = {}): Observed => {
  return { certificate, secret: secretOf("uid-1"), facts, issuer: "serving-ca 1", ...overrides }
}

const told = (outcome: Partial<Outcome>, before: Certificate = certificate) =>
  statusOf(before, { usable: undefined, issuance: "none", ...outcome }, nowMs)

describe("a certificate", () => {
  it("is left alone for two thirds of its life, and then made anew", () => {
    expect(nextStep(observed(), nowMs + 59 * dayMs)).toEqual({ kind: "good", renewAtMs: nowMs + 60 * dayMs })
    expect(nextStep(observed(), nowMs + 60 * dayMs)).toEqual({ kind: "order" })
  })

  it("is made anew when it lacks a name, was made by another, or is no certificate", () => {
    expect(nextStep(observed({ facts: { ...facts, domains: ["other.test"] } }), nowMs)).toEqual({ kind: "order" })
    expect(nextStep(observed({ issuer: "serving-ca 2" }), nowMs)).toEqual({ kind: "order" })
    expect(nextStep(observed({ facts: undefined }), nowMs)).toEqual({ kind: "order" })
    expect(nextStep(observed({ secret: undefined, facts: undefined }), nowMs)).toEqual({ kind: "order" })
  })

  it("is never put into a Secret that is somebody else's", () => {
    expect(nextStep(observed({ secret: secretOf("another") }), nowMs)).toEqual({ kind: "foreign" })
    expect(readyOf(told({ issuance: "foreign" }))).toMatchObject({
      status: "False",
      reason: "NotOwned",
      message: 'There is an existing Secret "route-1" that we do not own.',
    })
  })

  it("can be served to its end, but not under names that it lacks", () => {
    expect(usable(observed({ issuer: "other" }), nowMs + 89 * dayMs)).toBe(facts)
    expect(usable(observed(), nowMs + 90 * dayMs)).toBeUndefined()
    expect(usable(observed({ facts: { ...facts, domains: ["other.test"] } }), nowMs)).toBeUndefined()
  })

  it("is for clients outside unless its label says otherwise", () => {
    expect(orderOf(certificate).type).toBe("external-domain")
    const labels = { "networking.knative.dev/certificate-type": "cluster-local-domain" }
    const local = { ...certificate, metadata: { ...certificate.metadata, labels } }
    expect(orderOf(local).type).toBe("cluster-local-domain")
  })
})

describe("the status of a certificate", () => {
  const waiting = {
    kind: "waiting",
    challenges: [{ url: "http://hello.default.test/.well-known/acme-challenge/t", response: "t.key" }],
    againMs: 1,
  } as const
  const refused = { kind: "refused", reason: "OrderFailed", message: "no such domain", againMs: 1 } as const

  it("says when it ends, and is ready", () => {
    const status = told({ usable: facts })
    expect(readyOf(status)).toMatchObject({ status: "True" })
    expect(status).toMatchObject({ observedGeneration: 2, notAfter: "2026-04-01T00:00:00Z" })
  })

  it("tells the challenges that are to be answered, and forgets them when that is over", () => {
    const status = told({ issuance: waiting })
    expect(readyOf(status)).toMatchObject({ status: "Unknown", reason: "InProgress" })
    expect(status.http01Challenges).toEqual([
      {
        url: "http://hello.default.test/.well-known/acme-challenge/t",
        serviceName: "activator-service",
        serviceNamespace: "knative-serving",
        servicePort: 80,
        response: "t.key",
      },
    ])
    const after = told({ usable: facts }, { ...certificate, status } as Certificate)
    expect(after.http01Challenges).toBeUndefined()
  })

  it("carries the issuer's reason", () => {
    expect(readyOf(told({ issuance: refused }))).toMatchObject({ status: "False", reason: "OrderFailed" })
  })

  it("stays ready while the old one serves and the new one is not there", () => {
    for (const issuance of [waiting, refused]) {
      const status = told({ usable: facts, issuance })
      expect(readyOf(status)).toMatchObject({ status: "True" })
      expect(status.conditions?.find(({ type }) => type === "Renewing")).toMatchObject({ status: "True" })
    }
  })
})
