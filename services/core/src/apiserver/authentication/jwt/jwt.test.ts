import { createSecretKey, generateKeyPairSync, type KeyObject } from "node:crypto"
import { SimulatedClock } from "@wick/sdk/clock"
import { silentLog } from "@wick/sdk/log"
import { SignJWT } from "jose/jwt/sign"
import { beforeEach, describe, expect, it } from "vitest"
import { parseAuthentication } from "./configuration.ts"
import { type AuthenticateJwt, createJwtAuthenticators } from "./index.ts"

const url = "https://id.example.com"
const hourMs = 3_600_000
const first = generateKeyPairSync("ec", { namedCurve: "P-256" })
const second = generateKeyPairSync("rsa", { modulusLength: 2048 })

let clock: SimulatedClock
let published: object[]
let answers: boolean
let reads: string[]

beforeEach(() => {
  clock = new SimulatedClock()
  published = [jwk(first.publicKey, "one")]
  answers = true
  reads = []
})

function jwk(key: KeyObject, kid: string): object {
  return { ...key.export({ format: "jwk" }), kid, use: "sig" }
}

async function read(document: string): Promise<unknown> {
  reads.push(document)
  if (!answers) throw new Error("connect ECONNREFUSED")
  return document.endsWith("/keys") ? { keys: published } : { issuer: url, jwks_uri: `${url}/keys` }
}

function authenticator(more: object = {}, algorithms?: readonly string[]): AuthenticateJwt {
  const configuration = parseAuthentication({
    apiVersion: "apiserver.config.k8s.io/v1",
    kind: "AuthenticationConfiguration",
    jwt: [
      {
        issuer: { url, audiences: ["wick"] },
        claimMappings: { username: { claim: "sub", prefix: "id:" }, groups: { claim: "groups", prefix: "" } },
        ...more,
      },
    ],
  })
  return createJwtAuthenticators({ configuration, algorithms, ownIssuers: [], clock, log: silentLog, read })
}

interface Signing {
  key?: KeyObject
  kid?: string
  alg?: string
}

function token(
  claims: object = {},
  { key = first.privateKey, kid = "one", alg = "ES256" }: Signing = {},
): Promise<string> {
  const now = Math.floor(clock.now() / 1000)
  return new SignJWT({ iss: url, aud: "wick", sub: "ann", exp: now + 3_600, ...claims })
    .setProtectedHeader({ alg, ...(kid && { kid }) })
    .sign(key)
}
const because = (reason: string) => ({ kind: "refused", because: expect.stringContaining(reason) })
const seconds = (): number => Math.floor(clock.now() / 1000)

describe("a token of another issuer", () => {
  it("makes a user of its claims", async () => {
    const verdict = await authenticator()(await token({ groups: ["dev", "ops"] }))
    expect(verdict).toEqual({ kind: "user", user: { name: "id:ann", groups: ["dev", "ops", "system:authenticated"] } })
  })

  it("of an issuer that nobody named is for others to judge, and so is what is no token", async () => {
    const jwt = authenticator()
    expect(await jwt(await token({ iss: "https://other" }))).toBeUndefined()
    expect(await jwt("07401b.f395accd246ae52d")).toBeUndefined()
    expect(reads).toEqual([])
  })

  it.each<[string, () => Promise<string>, string]>([
    ["is for others", () => token({ aud: "vault" }), 'unexpected "aud" claim value'],
    ["has expired", () => token({ exp: seconds() }), "the token has expired"],
    ["never ends", () => token({ exp: undefined }), 'missing required "exp" claim'],
    ["begins in an hour", () => token({ nbf: seconds() + 3_600 }), '"nbf" claim timestamp check failed'],
    [
      "was signed by another",
      () => token({}, { key: generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey }),
      "signature verification failed",
    ],
    [
      "was signed with a shared secret",
      () => token({}, { key: createSecretKey(Buffer.alloc(32)), alg: "HS256" }),
      '"alg" (Algorithm) Header Parameter value not allowed',
    ],
    ["names nobody", () => token({ sub: undefined }), 'parse username claims "sub": claim not present'],
    ["has groups that are none", () => token({ groups: [1] }), "neither a string nor a list of strings"],
  ])("that %s is refused", async (_, made, reason) => {
    expect(await authenticator()(await made())).toEqual(because(reason))
  })

  it("may begin a little later than now, as clocks differ", async () => {
    expect(await authenticator()(await token({ nbf: seconds() + 299 }))).toMatchObject({ kind: "user" })
  })

  it("may be signed with the chosen algorithms only", async () => {
    expect(await authenticator({}, ["RS256"])(await token())).toEqual(because("not allowed"))
  })

  it("that was good a moment ago is refused when it ends", async () => {
    const jwt = authenticator()
    const short = await token({ exp: seconds() + 5 })
    expect(await jwt(short)).toMatchObject({ kind: "user" })
    await clock.advance(5_000)
    expect(await jwt(short)).toEqual(because("expired"))
  })
})

describe("claims", () => {
  const by = async (more: object, claims: object) => authenticator(more)(await token(claims))

  it("are read by expressions too", async () => {
    const claimMappings = {
      username: { expression: "claims.email_verified ? claims.email : claims.sub" },
      groups: { expression: "claims.?roles.orValue([]).map(role, 'corp:' + role)" },
      uid: { claim: "oid" },
      extra: [
        { key: "example.com/tenant", valueExpression: "claims.tenant" },
        { key: "example.com/none", valueExpression: "''" },
      ],
    }
    const claims = { email: "ann@a.com", email_verified: true, roles: ["dev"], oid: "7", tenant: "t1" }
    expect(await by({ claimMappings }, claims)).toEqual({
      kind: "user",
      user: {
        name: "ann@a.com",
        uid: "7",
        groups: ["corp:dev", "system:authenticated"],
        extra: { "example.com/tenant": ["t1"] },
      },
    })
    expect(await by({ claimMappings }, { ...claims, tenant: undefined })).toEqual(because("no such key: tenant"))
  })

  it("of an address that was not confirmed name nobody", async () => {
    const claimMappings = { username: { claim: "email", prefix: "" } }
    expect(await by({ claimMappings }, { email: "a@b.c", email_verified: false })).toEqual(
      because("email not verified"),
    )
    expect(await by({ claimMappings }, { email: "a@b.c" })).toMatchObject({ user: { name: "a@b.c" } })
  })

  it("must be as the rules want them", async () => {
    const claimValidationRules = [
      { claim: "hd", requiredValue: "a.com" },
      { expression: "claims.exp - claims.iat <= 7200", message: "too long a life" },
    ]
    const iat = seconds()
    expect(await by({ claimValidationRules }, { hd: "a.com", iat })).toMatchObject({ kind: "user" })
    expect(await by({ claimValidationRules }, { iat })).toEqual(because("required claim hd not present in ID token"))
    expect(await by({ claimValidationRules }, { hd: "b.com", iat })).toEqual(because("value does not match"))
    expect(await by({ claimValidationRules }, { hd: "a.com", iat: iat - 7_200 })).toEqual(because("too long a life"))
  })

  it("make no user that the rules do not want", async () => {
    const rule = { expression: "!user.username.startsWith('system:')", message: "reserved" }
    const claimMappings = { username: { claim: "sub", prefix: "" } }
    const userValidationRules = [rule]
    expect(await by({ claimMappings, userValidationRules }, { sub: "system:admin" })).toEqual(because("reserved"))
    expect(await by({ claimMappings, userValidationRules }, {})).toMatchObject({ user: { name: "ann" } })
  })
})

describe("an issuer's keys", () => {
  const later = async (): Promise<string> => token({ jti: String(clock.now()) })
  const rotated = async (): Promise<string> => token({}, { key: second.privateKey, kid: "two", alg: "RS256" })

  it("are read once for many tokens", async () => {
    const jwt = authenticator()
    await Promise.all([1, 2, 3].map(async (jti) => jwt(await token({ jti: String(jti) }))))
    await clock.advance(60_000)
    await jwt(await later())
    expect(reads).toEqual([`${url}/.well-known/openid-configuration`, `${url}/keys`])
  })

  it("are read again for a key that is new, and made-up keys make no storm", async () => {
    const jwt = authenticator()
    await jwt(await token())
    published = [jwk(second.publicKey, "two")]
    expect(await jwt(await rotated())).toEqual(because("signature verification failed"))
    await clock.advance(10_000)
    expect(await jwt(await rotated())).toMatchObject({ kind: "user" })
    reads = []
    for (let made = 0; made < 20; made += 1) await jwt(await token({}, { kid: `made-up-${made}` }))
    expect(reads).toEqual([])
  })

  it("that an issuer takes back are no good after an hour", async () => {
    const jwt = authenticator()
    await jwt(await token())
    published = [jwk(second.publicKey, "two")]
    await clock.advance(hourMs + 1)
    await jwt(await later())
    await clock.advance(1)
    expect(await jwt(await later())).toEqual(because("signature verification failed"))
  })

  it("are good while the issuer is away, and unknown when it never was there", async () => {
    const jwt = authenticator()
    await jwt(await token())
    answers = false
    await clock.advance(2 * hourMs)
    expect(await jwt(await later())).toMatchObject({ kind: "user" })
    const fresh = authenticator()
    expect(await fresh(await later())).toEqual(because("is not known yet: connect ECONNREFUSED"))
    answers = true
    expect(await fresh(await later())).toEqual(because("is not known yet"))
    await clock.advance(10_000)
    expect(await fresh(await later())).toMatchObject({ kind: "user" })
  })

  it("need no names: each is tried", async () => {
    published = [jwk(second.publicKey, "two"), jwk(first.publicKey, "one")]
    expect(await authenticator()(await token({}, { kid: "" }))).toMatchObject({ kind: "user" })
  })
})
