import { createHash, createPrivateKey, createPublicKey, generateKeyPairSync, type KeyObject, sign } from "node:crypto"

/** The key by which an authority knows us: ECDSA P-256, ES256. */
export interface AccountKey {
  /** Members in the order of RFC 7638. */
  readonly jwk: { readonly crv: string; readonly kty: string; readonly x: string; readonly y: string }
  /** What makes a challenge's token the answer to it (RFC 8555 §8.1). No secret. */
  readonly thumbprint: string
  readonly key: KeyObject
}

export function newKeyPem(): string {
  return generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey.export({
    type: "pkcs8",
    format: "pem",
  }) as string
}

export function accountKey(pem: string): AccountKey {
  const key = createPrivateKey(pem)
  const { crv = "", kty = "", x = "", y = "" } = createPublicKey(key).export({ format: "jwk" })
  const jwk = { crv, kty, x, y }
  return { jwk, thumbprint: createHash("sha256").update(JSON.stringify(jwk)).digest("base64url"), key }
}

/** A flattened JSON web signature (RFC 7515 §7.2.2). No payload: a read (RFC 8555 §6.3). */
export function signed({ key }: AccountKey, head: object, payload: object | undefined): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url")
  const [protectedHead, body] = [encode(head), payload === undefined ? "" : encode(payload)]
  const signature = sign("sha256", Buffer.from(`${protectedHead}.${body}`), { key, dsaEncoding: "ieee-p1363" })
  return JSON.stringify({ protected: protectedHead, payload: body, signature: signature.toString("base64url") })
}
