import { expect, it } from "vitest"
import { nextStep, type Observed } from "./decide.ts"
import type { Authorization } from "./messages.ts"

const order = {
  status: "pending",
  identifiers: [{ type: "dns", value: "a.test" }],
  authorizations: ["https://ca.test/authz/1"],
  finalize: "https://ca.test/finalize/1",
}
const challenge = { type: "http-01", url: "https://ca.test/chall/1", status: "pending", token: "tok" }
const dns = { type: "dns-01", url: "https://ca.test/chall/2", status: "pending", token: "tok" }
const pending: Authorization = {
  status: "pending",
  identifier: { type: "dns", value: "a.test" },
  challenges: [dns, challenge],
}
const base: Observed = {
  order,
  authorizations: [pending],
  thumbprint: "thumb",
  begun: new Set(),
  isServed: () => true,
}
const shown = [{ url: "http://a.test/.well-known/acme-challenge/tok", response: "tok.thumb" }]
const valid: Authorization = { ...pending, status: "valid" }

it("a challenge is published before the authority may look at it", () => {
  expect(nextStep({ ...base, isServed: () => false })).toEqual({ kind: "publish", challenges: shown })
  expect(nextStep(base)).toEqual({ kind: "begin", urls: [challenge.url], challenges: shown })
})

it("no name is begun before all names are served", () => {
  const other = { ...pending, identifier: { type: "dns", value: "b.test" } }
  const isServed = ({ url }: { url: string }) => url.includes("a.test")
  expect(nextStep({ ...base, authorizations: [pending, other], isServed })).toMatchObject({ kind: "publish" })
})

it("what has begun is waited for, whoever has begun it", () => {
  expect(nextStep({ ...base, begun: new Set([challenge.url]) })).toEqual({ kind: "wait", challenges: shown })
  const looking = { ...pending, challenges: [{ ...challenge, status: "processing" }] }
  expect(nextStep({ ...base, authorizations: [looking] })).toEqual({ kind: "wait", challenges: shown })
})

it("a name that is proven has no challenge any more", () => {
  expect(nextStep({ ...base, authorizations: [valid] })).toEqual({ kind: "wait", challenges: [] })
})

it.each([
  ["ready", {}, { kind: "finalize" }],
  ["processing", {}, { kind: "wait", challenges: [] }],
  ["valid", { certificate: "https://ca.test/cert/1" }, { kind: "download", url: "https://ca.test/cert/1" }],
  ["valid", {}, { kind: "fail", message: "the order is valid" }],
  ["invalid", {}, { kind: "fail", message: "the order is invalid" }],
  ["invalid", { error: { type: "x", detail: "no" } }, { kind: "fail", message: "no" }],
])("an order that is %s goes on: %o", (status, more, step) => {
  expect(nextStep({ ...base, order: { ...order, status, ...more }, authorizations: [] })).toEqual(step)
})

it("a name that could not be proven says why, and takes the order with it", () => {
  const error = { type: "urn:ietf:params:acme:error:dns", detail: "no such host" }
  const invalid = { ...pending, status: "invalid", challenges: [{ ...challenge, status: "invalid", error }] }
  const step = nextStep({ ...base, authorizations: [valid, invalid] })
  expect(step).toEqual({ kind: "fail", message: "a.test: no such host" })
})

it("an authority that does not take HTTP-01 for a name is told of", () => {
  const step = nextStep({ ...base, authorizations: [{ ...pending, challenges: [dns] }] })
  expect(step).toEqual({ kind: "fail", message: "the authority does not take HTTP-01 as a proof for a.test" })
})
