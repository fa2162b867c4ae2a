import { expect, it } from "vitest"
import { container, meta, refusal, review, service, serviceOf } from "../testing/review.ts"

it("an object is refused with all of its mistakes, each with its field", async () => {
  const object = service({ spec: { containerConcurrency: -1, timeoutSeconds: 9_999, containers: [{ args: [] }] } })
  const { allowed, status } = await review("/resource-validation", "Service", { object })
  expect(allowed).toBe(false)
  expect(status?.message.split("\n")).toEqual([
    "validation failed: expected 0 <= -1 <= 1000: spec.template.spec.containerConcurrency",
    "expected 0 <= 9999 <= 600: spec.template.spec.timeoutSeconds",
    "missing field(s): spec.template.spec.containers[0].image",
  ])
  expect(status?.details?.causes.map(({ field }) => field)).toEqual([
    "spec.template.spec.containerConcurrency",
    "spec.template.spec.timeoutSeconds",
    "spec.template.spec.containers[0].image",
  ])
})

it("what is right is taken, with a warning of what is left open", async () => {
  const verdict = await review("/resource-validation", "Service", { object: serviceOf({}) })
  const at = "spec.template.spec.containers[0].securityContext"
  expect(verdict).toMatchObject({
    allowed: true,
    warnings: [
      `Kubernetes default value is insecure, Knative may default this to secure in a future release: ${at}.allowPrivilegeEscalation, ${at}.capabilities, ${at}.runAsNonRoot, ${at}.seccompProfile`,
    ],
  })
})

it("what is chosen, even if it is dangerous, needs no warning; what is misspelled does", async () => {
  const chosen = {
    allowPrivilegeEscalation: true,
    runAsNonRoot: false,
    capabilities: { drop: [] },
    seccompProfile: { type: "Unconfined" },
  }
  const quiet = await review("/resource-validation", "Service", { object: serviceOf({ securityContext: chosen }) })
  expect(quiet.warnings).toBeUndefined()
  const object = serviceOf({ securityContext: { ...chosen, capabilities: { drop: ["all"] } } })
  const { warnings } = await review("/resource-validation", "Service", { object })
  expect(warnings).toEqual([
    "invalid value: all: spec.template.spec.containers[0].securityContext.capabilities.drop: Must be spelled as 'ALL'",
  ])
})

it("a deletion is let through, and so is what is being deleted", async () => {
  const wrong = serviceOf({ image: "" })
  expect(await refusal("Service", { before: wrong, operation: "DELETE" })).toBe("")
  const going = { ...wrong, metadata: { ...meta, deletionTimestamp: "2026-01-01T00:00:00Z" } }
  expect(await refusal("Service", { object: going, before: wrong })).toBe("")
})

it("a kind that it does not know is none of its business", async () => {
  expect((await review("/resource-validation", "Other", { object: { metadata: meta, spec: container } })).allowed).toBe(
    true,
  )
})
