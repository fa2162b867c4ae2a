import type { KeyObject } from "node:crypto"
import { SignJWT } from "jose/jwt/sign"
import { jwtVerify } from "jose/jwt/verify"
import type { BoundObject } from "./token.ts"

/** What a token of the old kind says: whose it is, and which secret holds it. It never ends by itself. */
export interface LegacySubject {
  readonly namespace: string
  readonly serviceAccount: BoundObject
  readonly secretName: string
}

export const legacyIssuer = "kubernetes/serviceaccount"
const claim = (name: string): string => `kubernetes.io/serviceaccount/${name}`

export function signLegacy(subject: LegacySubject, by: { kid: string; key: KeyObject }): Promise<string> {
  const { namespace, serviceAccount, secretName } = subject
  return new SignJWT({
    [claim("namespace")]: namespace,
    [claim("secret.name")]: secretName,
    [claim("service-account.name")]: serviceAccount.name,
    [claim("service-account.uid")]: serviceAccount.uid,
  })
    .setProtectedHeader({ alg: "ES256", kid: by.kid })
    .setIssuer(legacyIssuer)
    .setSubject(`system:serviceaccount:${namespace}:${serviceAccount.name}`)
    .sign(by.key)
}

/** Undefined: none of our keys has signed it. */
export async function verifyLegacy(
  token: string,
  publicKeys: ReadonlyMap<string, KeyObject>,
): Promise<LegacySubject | undefined> {
  try {
    const key = ({ kid = "" }: { kid?: string }): KeyObject => {
      const found = publicKeys.get(kid)
      if (found === undefined) throw new Error("no key of this id signs tokens here")
      return found
    }
    const { payload } = await jwtVerify(token, key, { algorithms: ["ES256"], issuer: legacyIssuer })
    const [namespace, secretName, name, uid] = [
      ...["namespace", "secret.name", "service-account.name", "service-account.uid"],
    ].map((part) => payload[claim(part)])
    if (typeof namespace !== "string" || typeof secretName !== "string") return undefined
    if (typeof name !== "string" || typeof uid !== "string") return undefined
    return { namespace, secretName, serviceAccount: { name, uid } }
  } catch {
    return undefined
  }
}
