/** What of a Secret matters here; values are base64. */
export interface PullSecret {
  readonly metadata?: { readonly name?: string | undefined } | undefined
  readonly data?: Readonly<Record<string, string>> | undefined
}

export interface RegistryCredentials {
  readonly username: string
  readonly password: string
  /** Changed for a token at the registry's token server, instead of name and password. */
  readonly identityToken?: string
  /** Shown to the registry as it is. */
  readonly registryToken?: string
  /** Secret that they are from, for messages. */
  readonly secret: string
}

interface AuthEntry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identitytoken?: string
  readonly registrytoken?: string
}

interface Entry {
  /** Host and path that the entry is for, such as `ghcr.io/team` or `*.example.com`. */
  readonly place: string
  readonly credentials: RegistryCredentials
}

const dockerHub = ["docker.io", "index.docker.io", "registry-1.docker.io"]
const dockerHubPlace = "index.docker.io"

/**
 * Pure: what `imagePullSecrets` hold for an image's registry, most telling place first; all of them are to be tried. By
 * the rules of Kubernetes: a `*` stands for a part of the host's name, ports must be the same, a path is a beginning,
 * and what is for index.docker.io is for Docker Hub however it is named.
 */
export function credentialsFor(image: string, secrets: readonly PullSecret[]): RegistryCredentials[] {
  const target = placeOf(image)
  const isHub = dockerHub.includes(target.host)
  return secrets
    .flatMap(entriesOf)
    .filter(({ place }) => covers(split(place), target) || (isHub && place === dockerHubPlace))
    .sort((a, b) => (a.place < b.place ? 1 : a.place > b.place ? -1 : 0))
    .map(({ credentials }) => credentials)
}

interface Place {
  readonly host: string
  /** With its slash; empty for none. */
  readonly path: string
}

function split(place: string): Place {
  const slash = place.indexOf("/")
  return slash === -1 ? { host: place, path: "" } : { host: place.slice(0, slash), path: place.slice(slash) }
}

function placeOf(image: string): Place {
  const { host, path } = split(image)
  const hasRegistry = path !== "" && (/[.:]/.test(host) || host === "localhost")
  return hasRegistry ? { host, path } : { host: "docker.io", path: `/${image}` }
}

function covers(entry: Place, target: Place): boolean {
  const [wanted, given] = [entry.host.split(":"), target.host.split(":")]
  if (wanted[1] !== given[1]) return false
  const patterns = (wanted[0] ?? "").split(".")
  const parts = (given[0] ?? "").split(".")
  const sameHost = patterns.length === parts.length && patterns.every((pattern, at) => fits(pattern, parts[at] ?? ""))
  return sameHost && target.path.startsWith(entry.path)
}

/** `*` within one part of a name; nothing else is special. */
function fits(pattern: string, part: string): boolean {
  const [first = "", ...rest] = pattern.split("*")
  if (rest.length === 0) return pattern === part
  const last = rest.pop() ?? ""
  if (part.length < first.length + last.length || !part.startsWith(first) || !part.endsWith(last)) return false
  let at = first.length
  for (const middle of rest) {
    const found = part.indexOf(middle, at)
    if (found < 0 || found + middle.length > part.length - last.length) return false
    at = found + middle.length
  }
  return true
}

/** Both formats that `kubectl create secret docker-registry` and Docker itself write; what cannot be read holds nothing. */
function entriesOf({ metadata, data }: PullSecret): Entry[] {
  const modern = data?.[".dockerconfigjson"]
  const old = data?.[".dockercfg"]
  try {
    const auths: Record<string, AuthEntry> = modern ? (parsed(modern).auths ?? {}) : old ? parsed(old) : {}
    return Object.entries(auths).map(([server, entry]) => ({
      place: placeName(server),
      credentials: credentialsOf(entry, metadata?.name ?? ""),
    }))
  } catch {
    return []
  }
}

/** `https://index.docker.io/v1/` → `index.docker.io`; the version is the protocol's, not a path of images. */
function placeName(server: string): string {
  return server
    .replace(/^https?:\/\//, "")
    .replace(/^([^/]+)\/v[12](?=\/|$)/, "$1")
    .replace(/\/$/, "")
}

function parsed(value: string): Record<string, never> {
  return JSON.parse(Buffer.from(value, "base64").toString())
}

function credentialsOf(entry: AuthEntry, secret: string): RegistryCredentials {
  const written = entry.auth ? Buffer.from(entry.auth, "base64").toString() : undefined
  const colon = written?.indexOf(":") ?? -1
  return {
    username: written === undefined ? (entry.username ?? "") : written.slice(0, Math.max(0, colon)),
    password: written === undefined ? (entry.password ?? "") : written.slice(colon + 1),
    ...(entry.identitytoken && { identityToken: entry.identitytoken }),
    ...(entry.registrytoken && { registryToken: entry.registrytoken }),
    secret,
  }
}
