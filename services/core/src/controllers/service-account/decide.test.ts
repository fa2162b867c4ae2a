import type { Secret } from "@wick/sdk/api/core/secret"
import type { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { describe, expect, it } from "vitest"
import { decide } from "./decide.ts"

const [nameKey, uidKey] = ["kubernetes.io/service-account.name", "kubernetes.io/service-account.uid"]
const account = { metadata: { name: "robot", namespace: "shop", uid: "u1" } } as ServiceAccount
const authority = "PEM"
const full = { "ca.crt": "UEVN", namespace: "c2hvcA==", token: "dA==" }

function plan(data: object, annotations: object = {}, more: object = {}) {
  const metadata = { name: "s", namespace: "shop", annotations: { [nameKey]: "robot", ...annotations }, ...more }
  return decide({ metadata, data } as unknown as Secret, account, authority)
}
const annotations = { [nameKey]: "robot", [uidKey]: "u1" }

describe("a secret for an account's token", () => {
  it("gets all that it lacks", () => {
    const data = { "ca.crt": full["ca.crt"], namespace: full.namespace }
    expect(plan({})).toEqual({ kind: "fill", annotations, data, token: true })
  })

  it("keeps the token that it has when the authority is another", () => {
    expect(plan({ ...full, "ca.crt": "b2xk" }, annotations)).toEqual({
      kind: "fill",
      annotations,
      data: { "ca.crt": full["ca.crt"] },
      token: false,
    })
  })

  it("that is whole is left alone, and so is one that goes", () => {
    expect(plan(full, annotations)).toEqual({ kind: "leave" })
    expect(plan({}, {}, { deletionTimestamp: "2026-01-01T00:00:00Z" })).toEqual({ kind: "leave" })
  })

  it("goes with its account, also when another of that name comes", () => {
    expect(decide({ metadata: { name: "s", annotations } } as unknown as Secret, undefined, authority)).toEqual({
      kind: "remove",
    })
    expect(plan(full, { [uidKey]: "u0" })).toEqual({ kind: "remove" })
  })
})
