/**
 * Tokens of other issuers (OpenID Connect): an AuthenticationConfiguration names them and says how their claims make a
 * user. Loaded only where there is one. An issuer that is away costs its own tokens a bounded wait and nobody else's.
 */
import { describeFieldError, type FieldError } from "@wick/sdk/api/meta/field-error"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { ConfigurationError } from "../../configuration-error.ts"
import type { AuthenticationConfiguration } from "./configuration.ts"
import { documentReader, type ReadDocument } from "./document.ts"
import { compileExpressions } from "./expressions.ts"
import { JwtAuthenticator, type JwtVerdict, signingAlgorithms } from "./jwt-authenticator.ts"
import { validateAuthenticators } from "./validate.ts"

export interface JwtOptions {
  readonly configuration: AuthenticationConfiguration
  /** Absent: every asymmetric one. */
  readonly algorithms?: readonly string[] | undefined
  /** Issuers whose tokens are this server's own. */
  readonly ownIssuers: readonly string[]
  readonly clock: Clock
  readonly log: Log
  /** Instead of the network. */
  readonly read?: ReadDocument
}

/** Undefined: the token is of an issuer that the configuration does not name, or no such token at all. */
export type AuthenticateJwt = (token: string) => Promise<JwtVerdict | undefined>

/** Throws ConfigurationError with everything that is wrong. */
export function createJwtAuthenticators(options: JwtOptions): AuthenticateJwt {
  const { configuration, algorithms = signingAlgorithms, clock, log, read = documentReader(clock) } = options
  const errors: FieldError[] = validateAuthenticators(configuration.jwt, options.ownIssuers)
  const unknown = algorithms.filter((algorithm) => !signingAlgorithms.includes(algorithm))
  if (unknown.length > 0) {
    throw new ConfigurationError(
      `unsupported signing alg: ${unknown.join(", ")}: one of ${signingAlgorithms.join(", ")}`,
    )
  }
  const compiled = configuration.jwt.map((one, at) => compileExpressions(one, `jwt[${at}]`, errors))
  if (errors.length > 0) throw new ConfigurationError(errors.map(describeFieldError).join("\n"))
  const authenticators = new Map(
    configuration.jwt.map((one, at) => {
      const expressions = compiled[at] as (typeof compiled)[number]
      const made = new JwtAuthenticator({ configuration: one, expressions, algorithms, read, clock, log })
      return [made.issuer, made] as const
    }),
  )
  return async (token) => {
    const said = unverified(token)
    const authenticator = said && authenticators.get(said.issuer)
    return authenticator?.authenticate(token, said?.keyId)
  }
}

/** Who a token says it is from and which key signed it, believed only far enough to find the key. */
function unverified(token: string): { issuer: string; keyId: string | undefined } | undefined {
  const [header, payload, signature, ...more] = token.split(".")
  if (!header || !payload || !signature || more.length > 0) return undefined
  try {
    const { iss } = JSON.parse(Buffer.from(payload, "base64url").toString("utf8"))
    const { kid } = JSON.parse(Buffer.from(header, "base64url").toString("utf8"))
    if (typeof iss !== "string") return undefined
    return { issuer: iss, keyId: typeof kid === "string" ? kid : undefined }
  } catch {
    return undefined
  }
}
