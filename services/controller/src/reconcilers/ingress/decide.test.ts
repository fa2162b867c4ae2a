import type { Ingress } from "@wick/sdk/api/networking-internal/ingress"
import { describe, expect, it } from "vitest"
import { nowMs, readyOf } from "../../testing/objects.ts"
import { decide } from "./decide.ts"

function ingress(name: string, createdAt: string, ...hosts: string[]): Ingress {
  const metadata = { name, namespace: "default", uid: `uid-${name}`, creationTimestamp: createdAt, generation: 2 }
  return { metadata, spec: { rules: [{ hosts }] } } as unknown as Ingress
}

const early = ingress("early", "2026-01-01T00:00:00Z", "a.test", "shared.test")
const late = ingress("late", "2026-01-02T00:00:00Z", "shared.test", "b.test")
const rivals = [late, early]

describe("an ingress", () => {
  it.each([
    { acknowledgement: "all", status: "True" },
    { acknowledgement: "pending", status: "Unknown", reason: "Uninitialized" },
    { acknowledgement: "nobody", status: "Unknown", reason: "NoGateway" },
  ] as const)("that $acknowledgement of the gateways know is told to be $status", ({ acknowledgement, ...told }) => {
    const status = decide({ ingress: early, rivals, acknowledgement }, nowMs)
    expect(readyOf(status)).toMatchObject(told)
    expect(status.observedGeneration).toBe(2)
  })

  it("has its hosts when it was there first, and is told whose they are when not", () => {
    const of = (one: Ingress) => readyOf(decide({ ingress: one, rivals, acknowledgement: "all" }, nowMs))
    expect(of(early)).toMatchObject({ status: "True" })
    expect(of(late)).toMatchObject({
      status: "False",
      reason: "HostConflict",
      message: 'Host "shared.test" is already served by the Ingress default/early.',
    })
  })

  it("of the same second is first by name", () => {
    const twin = ingress("a-twin", early.metadata.creationTimestamp, "shared.test")
    const status = decide({ ingress: early, rivals: [twin, early], acknowledgement: "all" }, nowMs)
    expect(readyOf(status)).toMatchObject({ reason: "HostConflict" })
  })

  it("tells where pods and others reach the gateways", () => {
    const status = decide({ ingress: early, rivals, acknowledgement: "all" }, nowMs)
    expect(status.publicLoadBalancer?.ingress?.[0]?.domainInternal).toBe(
      "wick-gateway.knative-serving.svc.cluster.local",
    )
    expect(status.privateLoadBalancer?.ingress?.[0]?.domainInternal).toBe(
      "wick-gateway-local.knative-serving.svc.cluster.local",
    )
  })
})
