import {
  createHash,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomUUID,
} from "node:crypto"
import { JWTExpired } from "jose/errors"
import { SignJWT } from "jose/jwt/sign"
import { jwtVerify } from "jose/jwt/verify"
import { type LegacySubject, legacyIssuer, signLegacy, verifyLegacy } from "./legacy-token.ts"

/** An object of the API that a token dies with. */
export interface BoundObject {
  readonly name: string
  readonly uid: string
}

/** Whose token it is and what it is bound to. */
export interface TokenSubject {
  readonly namespace: string
  readonly serviceAccount: BoundObject
  readonly pod?: BoundObject
  readonly secret?: BoundObject
  /** With a pod the node that it ran on when the token was made, which is told and not checked; alone what the token dies with. */
  readonly node?: { readonly name: string; readonly uid?: string }
}

export interface TokenClaims {
  readonly subject: TokenSubject
  readonly audiences: readonly string[]
  readonly id: string
  readonly issuedAtMs: number
  readonly expiresAtMs: number
}

export interface TokenRequest {
  readonly subject: TokenSubject
  /** Who may be shown the token; empty: the API server itself. */
  readonly audiences: readonly string[]
  readonly lifetimeSeconds: number
}

export type Verification =
  | { readonly kind: "valid"; readonly claims: TokenClaims }
  /** Ours, of the old kind: good as long as its secret holds it. */
  | { readonly kind: "legacy"; readonly subject: LegacySubject }
  /** Not a token of ours at all: another authenticator may know it. */
  | { readonly kind: "foreign" }
  | { readonly kind: "refused"; readonly because: string }

/** Signs and verifies the tokens of service accounts: JWTs, ES256, as Kubernetes lays out their claims. */
export interface TokenAuthority {
  readonly issuer: string
  /** Public halves of all keys that tokens verify by, as JWKs. */
  readonly keys: readonly object[]
  /** The API server's own audience. */
  readonly audience: string
  sign(request: TokenRequest, nowMs: number): Promise<{ token: string; expiresAtMs: number }>
  /** A token for a secret to hold. */
  signLegacy(subject: LegacySubject): Promise<string>
  /** Good for one of `audiences`, or for the API server's own if there are none. */
  verify(token: string, audiences: readonly string[], nowMs: number): Promise<Verification>
}

/** `keyPems`: the first signs; all of them verify, so that a key can be replaced while its tokens live. */
export function createTokenAuthority(issuer: string, keyPems: readonly string[]): TokenAuthority {
  const keys = keyPems.map((pem) => createPrivateKey(pem))
  const [signingKey] = keys
  if (signingKey === undefined) throw new Error("a token authority needs at least one key")
  const publicKeys = new Map(keys.map((key) => [keyId(key), createPublicKey(key)]))
  const kid = keyId(signingKey)
  return {
    issuer,
    audience: issuer,
    keys: [...publicKeys].map(([id, key]) => ({ use: "sig", alg: "ES256", kid: id, ...key.export({ format: "jwk" }) })),
    sign: (request, nowMs) => sign(request, nowMs, { issuer, kid, key: signingKey }),
    signLegacy: (subject) => signLegacy(subject, { kid, key: signingKey }),
    verify: (token, audiences, nowMs) =>
      verify(token, nowMs, { issuer, publicKeys, audiences: audiences.length > 0 ? audiences : [issuer] }),
  }
}

export function generateTokenKey(): string {
  const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" })
  return privateKey.export({ type: "pkcs8", format: "pem" }).toString()
}

/** As Kubernetes names keys: the hash of the public key's DER form. */
function keyId(key: KeyObject): string {
  const der = createPublicKey(key).export({ type: "spki", format: "der" })
  return createHash("sha256").update(der).digest("base64url")
}

async function sign(
  request: TokenRequest,
  nowMs: number,
  by: { issuer: string; kid: string; key: KeyObject },
): Promise<{ token: string; expiresAtMs: number }> {
  const { namespace, serviceAccount, pod, secret, node } = request.subject
  const nowSeconds = Math.floor(nowMs / 1000)
  const expiresAtSeconds = nowSeconds + request.lifetimeSeconds
  const bound = {
    namespace,
    ...(node && { node }),
    ...(pod && { pod }),
    ...(secret && { secret }),
    serviceaccount: serviceAccount,
  }
  const token = await new SignJWT({ "kubernetes.io": bound })
    .setProtectedHeader({ alg: "ES256", kid: by.kid })
    .setIssuer(by.issuer)
    .setSubject(`system:serviceaccount:${namespace}:${serviceAccount.name}`)
    .setAudience(request.audiences.length > 0 ? [...request.audiences] : [by.issuer])
    .setIssuedAt(nowSeconds)
    .setNotBefore(nowSeconds)
    .setExpirationTime(expiresAtSeconds)
    .setJti(randomUUID())
    .sign(by.key)
  return { token, expiresAtMs: expiresAtSeconds * 1000 }
}

async function verify(
  token: string,
  nowMs: number,
  by: { issuer: string; publicKeys: ReadonlyMap<string, KeyObject>; audiences: readonly string[] },
): Promise<Verification> {
  const saidIssuer = unverifiedIssuer(token)
  if (saidIssuer === legacyIssuer) {
    const subject = await verifyLegacy(token, by.publicKeys)
    return subject ? { kind: "legacy", subject } : { kind: "refused", because: "the token does not verify" }
  }
  if (saidIssuer !== by.issuer) return { kind: "foreign" }
  try {
    const { payload } = await jwtVerify(
      token,
      (header) => {
        const key = by.publicKeys.get(header.kid ?? "")
        if (key === undefined) throw new Error("no key of this id signs tokens here")
        return key
      },
      { algorithms: ["ES256"], issuer: by.issuer, audience: [...by.audiences], currentDate: new Date(nowMs) },
    )
    const claims = claimsOf(payload)
    return claims
      ? { kind: "valid", claims }
      : { kind: "refused", because: "the token lacks claims of a service account" }
  } catch (error) {
    const because = error instanceof JWTExpired ? "the token has expired" : "the token does not verify"
    return { kind: "refused", because }
  }
}

/** Who a token says it is from, believed only far enough to pass other issuers' tokens on. */
function unverifiedIssuer(token: string): unknown {
  const [, payload, signature] = token.split(".")
  if (payload === undefined || signature === undefined) return undefined
  try {
    return JSON.parse(Buffer.from(payload, "base64url").toString("utf8"))?.iss
  } catch {
    return undefined
  }
}

interface BoundClaims {
  namespace?: string
  serviceaccount?: BoundObject
  pod?: BoundObject
  secret?: BoundObject
  node?: { name: string; uid?: string }
}

function claimsOf(payload: Record<string, unknown>): TokenClaims | undefined {
  const bound = payload["kubernetes.io"] as BoundClaims | undefined
  const { namespace, serviceaccount, pod, secret, node } = bound ?? {}
  const { exp, iat, jti } = payload
  if (namespace === undefined || serviceaccount === undefined) return undefined
  if (typeof exp !== "number" || typeof iat !== "number") return undefined
  if (payload.sub !== `system:serviceaccount:${namespace}:${serviceaccount.name}`) return undefined
  return {
    subject: {
      namespace,
      serviceAccount: serviceaccount,
      ...(pod && { pod }),
      ...(secret && { secret }),
      ...(node && { node }),
    },
    audiences: [payload.aud ?? []].flat() as string[],
    id: typeof jti === "string" ? jti : "",
    issuedAtMs: iat * 1000,
    expiresAtMs: exp * 1000,
  }
}
