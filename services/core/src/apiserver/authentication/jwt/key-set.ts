import { createPublicKey, type KeyObject, type webcrypto } from "node:crypto"
import type { Clock } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import type { JwtConfiguration } from "./configuration.ts"
import type { ReadDocument } from "./document.ts"

/** The least time between two looks at an issuer's documents, whatever tokens come: a made-up key id costs nothing more. */
const lookPauseMs = 10_000
/** Keys are believed for this long without another look, so that one that an issuer takes back goes. */
const keysKeptMs = 3_600_000

interface PublishedKey {
  readonly id: string | undefined
  readonly key: KeyObject
}

/** The keys that one issuer signs with, as it publishes them; looked up when a token comes that needs them. */
export class KeySet {
  readonly #issuer: JwtConfiguration["issuer"]
  readonly #read: ReadDocument
  readonly #clock: Clock
  readonly #log: Log
  #keys: readonly PublishedKey[] | undefined
  #readAtMs = 0
  #lookedAtMs = Number.NEGATIVE_INFINITY
  #looking: Promise<void> | undefined
  #failure = ""

  constructor(
    issuer: JwtConfiguration["issuer"],
    { read, clock, log }: { read: ReadDocument; clock: Clock; log: Log },
  ) {
    this.#issuer = issuer
    this.#read = read
    this.#clock = clock
    this.#log = log
  }

  /** The keys that may have signed a token; throws when the issuer has never been reached. */
  async keysFor(id: string | undefined): Promise<readonly KeyObject[]> {
    if (this.#keys === undefined || this.#matching(id).length === 0) await this.#look()
    // Nobody waits for a second look; keys that were good go on while their issuer is away.
    else if (this.#clock.monotonic() - this.#readAtMs > keysKeptMs) void this.#look()
    if (this.#keys === undefined) throw new Error(`the issuer ${this.#issuer.url} is not known yet: ${this.#failure}`)
    return this.#matching(id).map(({ key }) => key)
  }

  #matching(id: string | undefined): readonly PublishedKey[] {
    return (this.#keys ?? []).filter((key) => id === undefined || key.id === undefined || key.id === id)
  }

  async #look(): Promise<void> {
    if (this.#looking === undefined) {
      if (this.#clock.monotonic() - this.#lookedAtMs < lookPauseMs) return
      this.#lookedAtMs = this.#clock.monotonic()
      this.#looking = this.#readKeys().finally(() => {
        this.#looking = undefined
      })
    }
    await this.#looking
  }

  async #readKeys(): Promise<void> {
    const { url, discoveryURL, certificateAuthority } = this.#issuer
    const authority = certificateAuthority || undefined
    try {
      const discovery = await this.#read(discoveryURL || wellKnown(url), authority)
      this.#keys = keysOf(await this.#read(keysUrl(discovery, url), authority))
      this.#readAtMs = this.#clock.monotonic()
    } catch (error) {
      this.#failure = (error as Error).message
      this.#log.warn("issuer of tokens not reached", { issuer: url, because: this.#failure, keysKnown: !!this.#keys })
    }
  }
}

function wellKnown(issuer: string): string {
  return `${issuer.replace(/\/$/, "")}/.well-known/openid-configuration`
}

function keysUrl(document: unknown, issuer: string): string {
  const { issuer: named, jwks_uri: url } = (document ?? {}) as { issuer?: unknown; jwks_uri?: unknown }
  if (named !== issuer) throw new Error(`the discovery document is of the issuer ${JSON.stringify(named)}`)
  if (typeof url !== "string" || !URL.canParse(url)) throw new Error("the discovery document names no jwks_uri")
  if (new URL(url).protocol !== "https:") throw new Error(`jwks_uri ${url} must be https`)
  return url
}

/** Public keys that sign; others, and those of kinds that nobody here knows, are left out. */
function keysOf(document: unknown): PublishedKey[] {
  const { keys } = (document ?? {}) as { keys?: unknown }
  if (!Array.isArray(keys)) throw new Error("the key set has no list of keys")
  return keys.flatMap((jwk: webcrypto.JsonWebKey & { kid?: string; use?: string }) => {
    if (jwk.use !== undefined && jwk.use !== "sig") return []
    if (jwk.kty !== "RSA" && jwk.kty !== "EC") return []
    try {
      return [{ id: jwk.kid, key: createPublicKey({ key: jwk, format: "jwk" }) }]
    } catch {
      return []
    }
  })
}
