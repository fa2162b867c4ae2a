import type { LegacySubject, TokenAuthority, TokenClaims, TokenSubject } from "#pki"
import type { Storage } from "#store"
import { bootstrapUser } from "./bootstrap-token.ts"
import type { AuthenticateJwt } from "./jwt/index.ts"
import { whyLegacyIsDead } from "./legacy-token.ts"
import { createLivenessCheck, type LivenessCheck } from "./liveness-check.ts"
import { serviceAccountUser } from "./service-account-user.ts"
import type { UserInfo } from "./user.ts"

export type TokenVerdict =
  | { readonly kind: "user"; readonly user: UserInfo; readonly audiences: readonly string[] }
  | { readonly kind: "refused"; readonly because: string }

/** A few pods' worth of tokens; each is asked with again and again, and its signature costs more than all the rest. */
const rememberedMax = 1_000

/** A token whose signature was good, and whose it is. */
interface Known {
  readonly claims: TokenClaims
  readonly user: UserInfo
}

interface TokenAuthenticatorOptions {
  readonly tokens: TokenAuthority
  readonly storage: Storage
  readonly now: () => number
  /** Tokens of other issuers. */
  readonly jwt?: AuthenticateJwt | undefined
}

export interface TokenAuthenticator {
  /** No audiences: the API server's own. */
  authenticate(token: string, audiences: readonly string[]): Promise<TokenVerdict>
}

/**
 * Service account tokens, those that machines join by, and those of other issuers. Of the first a good signature is not
 * enough: the account, and the pod or secret that the token is bound to, must still be the same objects as on the day it
 * was made, so that deleting one takes its tokens away at once.
 */
export function createTokenAuthenticator({ tokens, storage, now, jwt }: TokenAuthenticatorOptions): TokenAuthenticator {
  const remembered = new Map<string, Known>()
  const isAlive = createLivenessCheck(storage)

  const verify = async (token: string, audiences: readonly string[]): Promise<Known | TokenVerdict> => {
    const known = audiences.length === 0 ? remembered.get(token) : undefined
    if (known !== undefined && now() < known.claims.expiresAtMs) return known
    remembered.delete(token)
    const verification = await tokens.verify(token, audiences, now())
    if (verification.kind === "refused") return verification
    if (verification.kind === "foreign") return foreign(token, audiences)
    if (verification.kind === "legacy") return legacy(token, verification.subject, audiences)
    const { claims } = verification
    const verified = { claims, user: serviceAccountUser(claims.subject, claims.id) }
    if (audiences.length === 0) remember(remembered, token, verified)
    return verified
  }

  const foreign = async (token: string, audiences: readonly string[]): Promise<TokenVerdict> => {
    const verdict = await jwt?.(token)
    if (!verdict) return { kind: "refused", because: "the token is not from this cluster" }
    return verdict.kind === "refused" ? verdict : forServer(verdict.user, audiences)
  }

  const legacy = async (token: string, subject: LegacySubject, audiences: readonly string[]): Promise<TokenVerdict> => {
    const { namespace, serviceAccount } = subject
    const gone = await whatIsGone({ namespace, serviceAccount }, isAlive)
    const because = gone ? `${gone} of the token is gone` : await whyLegacyIsDead(storage, subject, token)
    return because ? { kind: "refused", because } : forServer(serviceAccountUser(subject, ""), audiences)
  }

  /** Tokens that say nothing of audiences of ours are good for the API server alone, whoever asks. */
  const forServer = (user: UserInfo, audiences: readonly string[]): TokenVerdict => {
    if (audiences.length === 0 || audiences.includes(tokens.audience)) {
      return { kind: "user", user, audiences: [tokens.audience] }
    }
    return { kind: "refused", because: "the token is not for any of these audiences" }
  }

  return {
    authenticate: async (token, audiences) => {
      const starting = await bootstrapUser(token, { storage, now })
      if (starting) return { kind: "user", user: starting, audiences }
      const verified = await verify(token, audiences)
      if ("kind" in verified) return verified
      const { claims, user } = verified
      const gone = await whatIsGone(claims.subject, isAlive)
      if (gone !== undefined) return { kind: "refused", because: `${gone} that the token is bound to is gone` }
      const accepted = claims.audiences.filter((one) =>
        (audiences.length > 0 ? audiences : [tokens.audience]).includes(one),
      )
      return { kind: "user", user, audiences: accepted }
    },
  }
}

function remember(remembered: Map<string, Known>, token: string, known: Known): void {
  // The oldest goes; a token in use comes back with one more verification.
  const [oldest] = remembered.keys()
  if (remembered.size >= rememberedMax && oldest !== undefined) remembered.delete(oldest)
  remembered.set(token, known)
}

async function whatIsGone(subject: TokenSubject, isAlive: LivenessCheck): Promise<string | undefined> {
  const { namespace, serviceAccount, pod, secret, node } = subject
  if (!(await isAlive("serviceaccounts", namespace, serviceAccount))) return "the service account"
  if (pod && !(await isAlive("pods", namespace, pod))) return "the pod"
  if (secret && !(await isAlive("secrets", namespace, secret))) return "the secret"
  if (node && !pod && !(await isAlive("nodes", "", { name: node.name, uid: node.uid ?? "" }))) return "the node"
  return undefined
}
