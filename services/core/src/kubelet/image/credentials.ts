import type { Credentials } from "../runtime/runtime.ts"
import { registryOf } from "./image-name.ts"

/** What of a Secret matters here; values are base64. */
export interface PullSecret {
  readonly type?: string | undefined
  readonly data?: Readonly<Record<string, string>> | undefined
}

interface AuthEntry {
  readonly username?: string
  readonly password?: string
  readonly auth?: string
  readonly identitytoken?: string
}

const dockerHub = new Set(["docker.io", "index.docker.io", "registry-1.docker.io"])

/** Pure: the credentials that `imagePullSecrets` hold for an image's registry; the longest matching entry wins. */
export function credentialsFor(image: string, secrets: readonly PullSecret[]): Credentials | undefined {
  const registry = registryOf(image)
  const path = image.startsWith(`${registry}/`) ? image : `${registry}/${image}`
  const entries = secrets
    .flatMap(entriesOf)
    .map(([server, entry]) => ({ server: server.replace(/^https?:\/\//, "").replace(/\/(v[12]\/?)?$/, ""), entry }))
    .filter(({ server }) => covers(server, registry, path))
    .sort((a, b) => b.server.length - a.server.length)
  const found = entries[0]
  if (!found) return undefined
  const [username = "", ...rest] = found.entry.auth
    ? Buffer.from(found.entry.auth, "base64").toString().split(":")
    : [found.entry.username, found.entry.password]
  return {
    username: username ?? "",
    password: rest.join(":"),
    server: registry,
    ...(found.entry.identitytoken && { identityToken: found.entry.identitytoken }),
  }
}

function covers(server: string, registry: string, path: string): boolean {
  if (dockerHub.has(server)) return dockerHub.has(registry)
  return path === server || path.startsWith(`${server}/`)
}

/** Both formats that `kubectl create secret docker-registry` and Docker itself write. */
function entriesOf(secret: PullSecret): [string, AuthEntry][] {
  const modern = secret.data?.[".dockerconfigjson"]
  const old = secret.data?.[".dockercfg"]
  try {
    if (modern) return Object.entries(JSON.parse(decode(modern)).auths ?? {}) as [string, AuthEntry][]
    return old ? (Object.entries(JSON.parse(decode(old))) as [string, AuthEntry][]) : []
  } catch {
    return []
  }
}

function decode(value: string): string {
  return Buffer.from(value, "base64").toString()
}
