import fc from "fast-check"
import { describe, expect, it } from "vitest"
import type { CertificateFacts, Subject } from "./certificate.ts"
import { rotationOf } from "./rotation.ts"

const wanted: Subject = { commonName: "a", organizations: ["g"], use: "serving", names: ["localhost"] }
const found: CertificateFacts = { subject: wanted, notBeforeMs: 0, notAfterMs: 900, ours: true }

describe("rotation of certificates", () => {
  it.each([
    { name: "keeps one with more than a third left", facts: found, nowMs: 599, is: { kind: "keep", renewAtMs: 600 } },
    { name: "replaces one with a third left", facts: found, nowMs: 600, is: { because: "expiring" } },
    {
      name: "replaces one from the future",
      facts: { ...found, notBeforeMs: 10 },
      nowMs: 9,
      is: { because: "not yet valid" },
    },
    { name: "makes one that is missing", facts: undefined, nowMs: 0, is: { because: "missing" } },
    {
      name: "replaces one of another authority",
      facts: { ...found, ours: false },
      nowMs: 0,
      is: { because: "other authority" },
    },
    {
      name: "keeps one with more names than are wanted",
      facts: { ...found, subject: { ...wanted, names: ["localhost", "more"] } },
      nowMs: 0,
      is: { kind: "keep" },
    },
    {
      name: "replaces one that lacks a name",
      facts: { ...found, subject: { ...wanted, names: [] } },
      nowMs: 0,
      is: { because: "other subject" },
    },
    {
      name: "replaces one of more groups than are wanted",
      facts: { ...found, subject: { ...wanted, organizations: ["g", "system:masters"] } },
      nowMs: 0,
      is: { because: "other subject" },
    },
  ])("$name", ({ facts, nowMs, is }) => expect(rotationOf(facts, wanted, nowMs)).toMatchObject(is))

  it("never keeps a certificate that is not valid now", () => {
    const time = fc.integer({ min: 0, max: 10_000 })
    fc.assert(
      fc.property(time, fc.integer({ min: 1, max: 10_000 }), time, (notBeforeMs, lifetimeMs, nowMs) => {
        const facts = { ...found, notBeforeMs, notAfterMs: notBeforeMs + lifetimeMs }
        const rotation = rotationOf(facts, wanted, nowMs)
        if (rotation.kind !== "keep") return
        expect(nowMs).toBeGreaterThanOrEqual(notBeforeMs)
        expect(nowMs).toBeLessThan(facts.notAfterMs)
      }),
    )
  })
})
