import type { Secret } from "@wick/sdk/api/core/secret"
import { expect, it } from "vitest"
import { userOf } from "./bootstrap-token.ts"

const [id, part] = ["07401b", "f395accd246ae52d"]
const now = Date.parse("2026-01-01T00:00:00Z")
const good = {
  "token-id": id,
  "token-secret": part,
  "usage-bootstrap-authentication": "true",
  expiration: "2026-01-02T00:00:00Z",
  "auth-extra-groups": "system:bootstrappers:worker",
}

function shown(change: Record<string, string>, more: object = {}): string[] | undefined {
  const texts = Object.entries({ ...good, ...change })
  const data = Object.fromEntries(texts.map(([key, text]) => [key, Buffer.from(text).toString("base64")]))
  const secret = { type: "bootstrap.kubernetes.io/token", metadata: { name: "x" }, data, ...more }
  const user = userOf(secret as unknown as Secret, id, part, now)
  return user && [user.name, ...user.groups]
}

it("a bootstrap token is a user of its id, in the groups of its secret", () => {
  expect(shown({})).toEqual([
    "system:bootstrap:07401b",
    "system:bootstrappers",
    "system:bootstrappers:worker",
    "system:authenticated",
  ])
})

it("a bootstrap token is nobody's when its secret is another's, over, for signing only, deleted or asks for too much", () => {
  expect(shown({ "token-secret": "f395accd246ae52e" })).toBeUndefined()
  expect(shown({ "token-id": "07401c" })).toBeUndefined()
  expect(shown({ expiration: "2025-12-31T00:00:00Z" })).toBeUndefined()
  expect(shown({ expiration: "soon" })).toBeUndefined()
  expect(shown({ "usage-bootstrap-authentication": "false" })).toBeUndefined()
  expect(shown({ "auth-extra-groups": "system:masters" })).toBeUndefined()
  expect(shown({}, { type: "Opaque" })).toBeUndefined()
  expect(shown({}, { metadata: { name: "x", deletionTimestamp: "2026-01-01T00:00:00Z" } })).toBeUndefined()
})
