import type { KeyObject } from "node:crypto"
import { CelError } from "@wick/sdk/api/cel"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { JOSEError, JWSSignatureVerificationFailed, JWTExpired } from "jose/errors"
import { jwtVerify } from "jose/jwt/verify"
import type { UserInfo } from "../user.ts"
import type { JwtConfiguration } from "./configuration.ts"
import type { ReadDocument } from "./document.ts"
import type { Expressions } from "./expressions.ts"
import { KeySet } from "./key-set.ts"
import { type Claims, MappingError, userOf } from "./user-mapping.ts"

export type JwtVerdict =
  | { readonly kind: "user"; readonly user: UserInfo }
  | { readonly kind: "refused"; readonly because: string }

export const signingAlgorithms: readonly string[] = [
  ...["RS256", "RS384", "RS512", "ES256", "ES384", "ES512", "PS256", "PS384", "PS512"],
]
/** Clocks of issuers may go before ours: a token is good this long before it says so. What has expired has expired. */
const notBeforeLeewaySeconds = 300
/** A verified token is believed this long without another look; its signature costs more than all the rest. */
const rememberedMs = 10_000
const rememberedMax = 1_000

export interface JwtAuthenticatorOptions {
  readonly configuration: JwtConfiguration
  readonly expressions: Expressions
  readonly algorithms: readonly string[]
  readonly read: ReadDocument
  readonly clock: Clock
  readonly log: Log
}

/** Believes the tokens of one issuer, and says whose they are. */
export class JwtAuthenticator {
  readonly issuer: string
  readonly #options: JwtAuthenticatorOptions
  readonly #keys: KeySet
  readonly #remembered = new Map<string, { readonly user: UserInfo; readonly untilMs: number }>()

  constructor(options: JwtAuthenticatorOptions) {
    this.issuer = options.configuration.issuer.url
    this.#options = options
    this.#keys = new KeySet(options.configuration.issuer, options)
  }

  /** `keyId` is what the token's header says, not believed yet. */
  async authenticate(token: string, keyId: string | undefined): Promise<JwtVerdict> {
    const nowMs = this.#options.clock.now()
    const known = this.#remembered.get(token)
    if (known && nowMs < known.untilMs) return { kind: "user", user: known.user }
    this.#remembered.delete(token)
    try {
      const claims = await this.#verified(token, await this.#keys.keysFor(keyId), nowMs)
      const user = userOf(this.#options.configuration, this.#options.expressions, claims)
      this.#remember(token, user, Math.min(nowMs + rememberedMs, Number(claims.exp) * 1000))
      return { kind: "user", user }
    } catch (error) {
      const because = reasonOf(error)
      // Whoever shows it hears only that they are nobody; who runs the server may want to know why.
      this.#options.log.debug("token of an issuer refused", { issuer: this.issuer, because })
      return { kind: "refused", because }
    }
  }

  /** The claims of a token that one of the keys has signed; an issuer may name none of them, so each is tried. */
  async #verified(token: string, keys: readonly KeyObject[], nowMs: number): Promise<Claims> {
    const { configuration, algorithms } = this.#options
    for (const key of keys) {
      try {
        const { payload } = await jwtVerify(token, key, {
          algorithms: [...algorithms],
          issuer: this.issuer,
          audience: configuration.issuer.audiences,
          requiredClaims: ["exp"],
          currentDate: new Date(nowMs),
          clockTolerance: notBeforeLeewaySeconds,
        })
        if (Number(payload.exp) * 1000 <= nowMs) throw new JWTExpired("expired", payload)
        return payload
      } catch (error) {
        // What is no verdict on the token is a key of another kind than its algorithm's.
        if (error instanceof JOSEError && !(error instanceof JWSSignatureVerificationFailed)) throw error
      }
    }
    throw new JWSSignatureVerificationFailed()
  }

  #remember(token: string, user: UserInfo, untilMs: number): void {
    const [oldest] = this.#remembered.keys()
    if (this.#remembered.size >= rememberedMax && oldest !== undefined) this.#remembered.delete(oldest)
    this.#remembered.set(token, { user, untilMs })
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof JWTExpired) return "the token has expired"
  if (error instanceof JOSEError || error instanceof MappingError || error instanceof CelError) return error.message
  return (error as Error).message
}
