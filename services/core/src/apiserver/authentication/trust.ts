import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { type AdmitsAnonymous, publicPathsOnly } from "./authenticate.ts"
import type { AuthenticateJwt } from "./jwt/index.ts"

/** What an operator says of who is believed, beside the cluster's own certificates and tokens. */
export interface TrustOptions {
  /** An AuthenticationConfiguration, as it stands in its file. */
  readonly configuration: unknown
  /** Algorithms that tokens may be signed with; absent: every asymmetric one. */
  readonly algorithms?: readonly string[] | undefined
  /** Tells of every other configuration that takes the place of the first; returns its undoing. */
  readonly onChange?: ((listener: (configuration: unknown) => void) => () => void) | undefined
}

export interface Trust {
  readonly jwt?: AuthenticateJwt
  readonly admitsAnonymous?: AdmitsAnonymous
  close(): void
}

interface Surroundings {
  readonly ownIssuers: readonly string[]
  readonly clock: Clock
  readonly log: Log
}

/** Throws ConfigurationError. What it needs is loaded only when there is a configuration: most clusters have none. */
export async function openTrust(options: TrustOptions | undefined, surroundings: Surroundings): Promise<Trust> {
  if (options === undefined) return { close: () => undefined }
  const [{ parseAuthentication }, { createJwtAuthenticators }] = await Promise.all([
    import("./jwt/configuration.ts"),
    import("./jwt/index.ts"),
  ])
  const made = (given: unknown) => {
    const configuration = parseAuthentication(given)
    const jwt = createJwtAuthenticators({ ...surroundings, configuration, algorithms: options.algorithms })
    return { jwt, admitsAnonymous: anonymousRule(configuration.anonymous) }
  }
  let current = made(options.configuration)
  const undo = options.onChange?.((given) => {
    try {
      current = made(given)
      surroundings.log.info("authentication configuration replaced")
    } catch (error) {
      surroundings.log.error("authentication configuration not replaced: the one before holds", { error })
    }
  })
  return {
    jwt: (token) => current.jwt(token),
    admitsAnonymous: (path) => current.admitsAnonymous(path),
    close: () => undo?.(),
  }
}

function anonymousRule(
  anonymous: { enabled: boolean; conditions: readonly { path: string }[] } | undefined,
): AdmitsAnonymous {
  if (anonymous === undefined) return publicPathsOnly
  const { enabled, conditions } = anonymous
  return (path) => enabled && (conditions.length === 0 || conditions.some((condition) => condition.path === path))
}
