import { randomBytes } from "node:crypto"
import type { Clock } from "@wick/sdk/clock"
import { tokenLifetimeMs, tokensMax } from "../limits.ts"

const tokenSize = 24

interface Token {
  readonly user: string
  expiresAtMs: number
}

/**
 * Who has proved who they are lately. In memory only: a restart makes clients prove it again, which they do by
 * themselves. Tokens that are not used end; they are looked for when one is given, so nothing has to tick.
 */
export class TokenBook {
  readonly #clock: Clock
  /** Those used longest ago first. */
  readonly #tokens = new Map<string, Token>()

  constructor(clock: Clock) {
    this.#clock = clock
  }

  give(user: string): string {
    const nowMs = this.#clock.monotonic()
    for (const [text, { expiresAtMs }] of this.#tokens) {
      if (expiresAtMs > nowMs && this.#tokens.size < tokensMax) break
      this.#tokens.delete(text)
    }
    const text = randomBytes(tokenSize).toString("base64url")
    this.#tokens.set(text, { user, expiresAtMs: nowMs + tokenLifetimeMs })
    return text
  }

  /** Whose it is, while it is good; it stays so for longer then. */
  userOf(text: string): string | undefined {
    const token = this.#tokens.get(text)
    if (token === undefined) return undefined
    this.#tokens.delete(text)
    const nowMs = this.#clock.monotonic()
    if (token.expiresAtMs <= nowMs) return undefined
    token.expiresAtMs = nowMs + tokenLifetimeMs
    this.#tokens.set(text, token)
    return token.user
  }

  /** All tokens of a user, or of everybody, are no good any more. */
  revoke(user?: string): void {
    for (const [text, token] of this.#tokens) if (user === undefined || token.user === user) this.#tokens.delete(text)
  }
}
