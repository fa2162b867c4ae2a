import type { RegistryCredentials } from "./pull-credentials.ts"
import { type Challenge, parseChallenges } from "./registry-challenge.ts"

/** The registry, or the server that makes its tokens, does not let us in; the message says why. */
export class RegistryRefusal extends Error {
  override name = "RegistryRefusal"
}

/** All that may open the registry, best first. Asked only when strangers are not let in. */
export type Keychain = () => Promise<readonly RegistryCredentials[]>

/** Codes with which registries hide from strangers what is not public. */
const hidden = [403, 404]
const tokenBytesMax = 64 * 1024

/**
 * Wraps a `fetch` so that a registry that asks for it is shown a token or a password: the request is made as a stranger,
 * the challenge of the refusal is met with each of the credentials in turn, and the request is made again. Credentials
 * go only to the registry and to the token server that it names, and never from TLS to plain HTTP.
 */
export function withRegistryAccess(fetcher: typeof fetch, keychain: Keychain): typeof fetch {
  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const stranger = await fetcher(url, init)
    const challenge = await challengeOf(fetcher, url, stranger, keychain, init)
    if (!challenge) return stranger
    await stranger.body?.cancel()
    const all = await keychain()
    const secrets = all.length > 0 ? all : [undefined]
    let refusal: Error | undefined
    for (const credentials of secrets) {
      const signed = await authorization(fetcher, url, challenge, credentials, init).catch((error) => {
        if (!(error instanceof RegistryRefusal)) throw error
        refusal = error
      })
      if (!signed) continue
      const response = await fetcher(url, { ...init, headers: { ...headersOf(init), authorization: signed } })
      if (response.status !== 401 && response.status !== 403) return response
      await response.body?.cancel()
      refusal = new RegistryRefusal(`${response.status} ${response.statusText}: ${refusedBy(url.host, credentials)}`)
    }
    throw refusal ?? new RegistryRefusal(`401 Unauthorized: ${refusedBy(url.host, undefined)}`)
  }
}

function refusedBy(who: string, credentials: RegistryCredentials | undefined): string {
  return credentials
    ? `${who} refused the credentials of the secret "${credentials.secret}"`
    : `${who} asks for credentials, and no imagePullSecret is for it`
}

function headersOf(init: RequestInit | undefined): Record<string, string> {
  return Object.fromEntries(new Headers(init?.headers))
}

/** The challenge to meet: of the answer itself, or, where that only hides what is there, of the registry's front door. */
async function challengeOf(
  fetcher: typeof fetch,
  url: URL,
  response: Response,
  keychain: Keychain,
  init: RequestInit | undefined,
): Promise<Challenge | undefined> {
  if (response.status === 401) return supported(response)
  if (!hidden.includes(response.status) || (await keychain()).length === 0) return undefined
  const door = await fetcher(new URL("/v2/", url), init?.signal ? { signal: init.signal } : {})
  await door.body?.cancel()
  return door.status === 401 ? supported(door) : undefined
}

function supported(response: Response): Challenge | undefined {
  const all = parseChallenges(response.headers.get("www-authenticate") ?? "")
  return all.find(({ scheme }) => scheme === "bearer") ?? all.find(({ scheme }) => scheme === "basic")
}

/** Value of the `Authorization` header; undefined where there is nothing to show. */
async function authorization(
  fetcher: typeof fetch,
  registry: URL,
  challenge: Challenge,
  credentials: RegistryCredentials | undefined,
  init: RequestInit | undefined,
): Promise<string | undefined> {
  if (credentials?.registryToken) return `Bearer ${credentials.registryToken}`
  if (challenge.scheme === "basic") return credentials && basic(credentials)
  return `Bearer ${await token(fetcher, registry, challenge, credentials, init?.signal ?? undefined)}`
}

function basic({ username, password }: RegistryCredentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`
}

async function token(
  fetcher: typeof fetch,
  registry: URL,
  { parameters }: Challenge,
  credentials: RegistryCredentials | undefined,
  signal: AbortSignal | undefined,
): Promise<string> {
  const realm = realmOf(registry, parameters.realm)
  const { service, scope = scopeOf(registry) } = parameters
  const asked = new URLSearchParams({ ...(service && { service }), scope })
  const common = signal ? { signal } : {}
  const response = credentials?.identityToken
    ? await fetcher(realm, { method: "POST", body: refresh(asked, credentials.identityToken), ...common })
    : await fetcher(withQuery(realm, asked), {
        headers: credentials ? { authorization: basic(credentials) } : {},
        ...common,
      })
  if (!response.ok) {
    await response.body?.cancel()
    throw new RegistryRefusal(`${response.status} ${response.statusText}: ${refusedBy(realm.host, credentials)}`)
  }
  const text = await response.text()
  const found = text.length <= tokenBytesMax ? tokenIn(text) : undefined
  if (!found) throw new RegistryRefusal(`${realm.origin}${realm.pathname} gave no token`)
  return found
}

/** Where tokens are made. A registry that speaks TLS may not send our password to somebody who does not. */
function realmOf(registry: URL, text: string | undefined): URL {
  const realm = text === undefined ? undefined : URL.parse(text, registry)
  if (!realm || !/^https?:$/.test(realm.protocol)) {
    throw new RegistryRefusal(`${registry.host} asks for a token and does not say where it is made`)
  }
  if (registry.protocol === "https:" && realm.protocol !== "https:") {
    throw new RegistryRefusal(`${registry.host} asks for a token of ${realm.host}, which does not speak TLS`)
  }
  return realm
}

/** `/v2/team/app/manifests/latest` → `repository:team/app:pull`. */
function scopeOf({ pathname }: URL): string {
  const repository = /^\/v2\/(.+)\/(?:manifests|blobs|tags)\//.exec(pathname)?.[1] ?? ""
  return `repository:${repository}:pull`
}

function withQuery(realm: URL, asked: URLSearchParams): URL {
  const url = new URL(realm)
  for (const [name, value] of asked) url.searchParams.set(name, value)
  return url
}

function refresh(asked: URLSearchParams, identityToken: string): URLSearchParams {
  const form = new URLSearchParams(asked)
  form.set("grant_type", "refresh_token")
  form.set("refresh_token", identityToken)
  form.set("client_id", "wick")
  return form
}

function tokenIn(text: string): string | undefined {
  try {
    const { token, access_token } = JSON.parse(text) as { token?: unknown; access_token?: unknown }
    const found = token ?? access_token
    return typeof found === "string" && found !== "" ? found : undefined
  } catch {
    return undefined
  }
}
