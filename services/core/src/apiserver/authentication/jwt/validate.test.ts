import { describeFieldError } from "@wick/sdk/api/meta/field-error"
import { describe, expect, it } from "vitest"
import { parseAuthentication } from "./configuration.ts"
import { compileExpressions } from "./expressions.ts"
import { validateAuthenticators } from "./validate.ts"

const good = {
  issuer: { url: "https://id.example.com", audiences: ["wick"] },
  claimMappings: { username: { claim: "sub", prefix: "" } },
}
const own = "https://kubernetes.default.svc.cluster.local"

function mistakes(...jwt: object[]): string[] {
  const head = { apiVersion: "apiserver.config.k8s.io/v1", kind: "AuthenticationConfiguration" }
  const configuration = parseAuthentication({ ...head, jwt })
  const errors = validateAuthenticators(configuration.jwt, [own])
  configuration.jwt.forEach((one, at) => void compileExpressions(one, `jwt[${at}]`, errors))
  return errors.map(describeFieldError)
}
const mapped = (claimMappings: object): object => ({
  ...good,
  claimMappings: { ...good.claimMappings, ...claimMappings },
})
const issued = (issuer: object): object => ({ ...good, issuer: { ...good.issuer, ...issuer } })

describe("an AuthenticationConfiguration", () => {
  it("of one issuer with a claim for the name is good", () => expect(mistakes(good)).toEqual([]))

  it.each<[string, object, string]>([
    ["no address", issued({ url: "" }), "jwt[0].issuer.url: Required value: URL is required"],
    [
      "a plain address",
      issued({ url: "http://a" }),
      'jwt[0].issuer.url: Invalid value: "http://a": URL scheme must be https',
    ],
    ["this server as the issuer", issued({ url: own }), `URL must not overlap with disallowed issuers: [${own}]`],
    [
      "one address for two things",
      issued({ discoveryURL: "https://id.example.com/" }),
      "discoveryURL must be different from URL",
    ],
    ["no audience", issued({ audiences: [] }), "jwt[0].issuer.audiences: Required value: at least one"],
    ["two audiences", issued({ audiences: ["a", "b"] }), "audienceMatchPolicy must be MatchAny for multiple audiences"],
    [
      "an authority that is none",
      issued({ certificateAuthority: "x" }),
      'jwt[0].issuer.certificateAuthority: Invalid value: "<omitted>"',
    ],
    [
      "no name",
      mapped({ username: {} }),
      "jwt[0].claimMappings.username: Required value: claim or expression is required",
    ],
    [
      "no prefix",
      mapped({ username: { claim: "sub" } }),
      "username.prefix: Required value: prefix is required when claim is set",
    ],
    [
      "a claim and an expression",
      mapped({ uid: { claim: "sub", expression: "claims.sub" } }),
      'jwt[0].claimMappings.uid: Invalid value: "sub": claim and expression can\'t both be set',
    ],
    [
      "an address that nobody confirmed",
      mapped({ username: { expression: "claims.email" } }),
      "claims.email_verified must be used in claimMappings.username.expression",
    ],
    ["an expression of another type", mapped({ username: { expression: "1" } }), "must evaluate to string"],
    [
      "an expression that is none",
      mapped({ username: { expression: "claims." } }),
      "compilation failed: ERROR: <input>:1:",
    ],
    ["a name nobody declared", mapped({ username: { expression: "user.name" } }), "undeclared reference to 'user'"],
    [
      "a key of Kubernetes' own",
      mapped({ extra: [{ key: "k8s.io/a", valueExpression: "'a'" }] }),
      "reserved for Kubernetes use",
    ],
    [
      "a key that is no path",
      mapped({ extra: [{ key: "a", valueExpression: "'a'" }] }),
      "must be a domain-prefixed path",
    ],
    [
      "a rule of both kinds",
      { ...good, claimValidationRules: [{ claim: "a", expression: "true" }] },
      "claim and expression can't both be set",
    ],
    [
      "a rule without a truth",
      { ...good, userValidationRules: [{ expression: "user.username" }] },
      'jwt[0].userValidationRules[0].expression: Invalid value: "user.username": must evaluate to bool',
    ],
  ])("with %s is refused in Kubernetes' words", (_, jwt, message) => {
    expect(mistakes(jwt).join("\n")).toContain(message)
  })

  it("may name an issuer once", () => {
    expect(mistakes(good, good)).toEqual(['jwt[1].issuer.url: Duplicate value: "https://id.example.com"'])
  })

  it("has no field that nobody knows", () => {
    expect(() => mistakes(issued({ uri: "x" }))).toThrow('strict decoding error: unknown field "jwt[0].issuer.uri"')
    expect(() => parseAuthentication({ kind: "Policy" })).toThrow("kind: ")
  })
})
