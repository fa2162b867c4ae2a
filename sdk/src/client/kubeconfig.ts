import { parse } from "yaml"
import type { ClusterConfig, Material } from "./cluster-config.ts"

/** A kubeconfig that cannot be used, in words that name the entry. */
export class KubeconfigError extends Error {
  override name = "KubeconfigError"
}

interface Named {
  readonly name: string
}
interface ClusterEntry extends Named {
  readonly cluster?: Record<string, unknown>
}
interface UserEntry extends Named {
  readonly user?: Record<string, unknown>
}
interface ContextEntry extends Named {
  readonly context?: { readonly cluster?: string; readonly user?: string; readonly namespace?: string }
}
interface KubeconfigFile {
  readonly "current-context"?: string
  readonly clusters?: readonly ClusterEntry[]
  readonly users?: readonly UserEntry[]
  readonly contexts?: readonly ContextEntry[]
}

export interface KubeconfigOptions {
  /** Absent: the file's `current-context`. */
  readonly context?: string
  /** Folder of the file, from which its relative paths are read. */
  readonly directory?: string
}

/** The text of a kubeconfig → the cluster and user of one of its contexts. */
export function parseKubeconfig(text: string, options: KubeconfigOptions = {}): ClusterConfig {
  const file = (parse(text) ?? {}) as KubeconfigFile
  const contextName = options.context ?? file["current-context"]
  if (!contextName) throw new KubeconfigError("the kubeconfig has no current-context; name one")
  const context = entry(file.contexts, contextName, "context").context ?? {}
  const cluster = entry(file.clusters, context.cluster, "cluster").cluster ?? {}
  const user = context.user ? (entry(file.users, context.user, "user").user ?? {}) : {}
  if (typeof cluster.server !== "string") throw new KubeconfigError(`cluster "${context.cluster}" has no server`)
  for (const plugin of ["exec", "auth-provider"]) {
    if (user[plugin] !== undefined) {
      throw new KubeconfigError(`user "${context.user}" signs in by ${plugin}; use a token or a client certificate`)
    }
  }
  const path = (value: unknown): Material | undefined => fileMaterial(value, options.directory)
  return present({
    server: withoutSlash(cluster.server),
    servers: serversOf(cluster.extensions),
    path: undefined,
    namespace: context.namespace ?? "default",
    certificateAuthority: base64(cluster["certificate-authority-data"]) ?? path(cluster["certificate-authority"]),
    insecureSkipTlsVerify: cluster["insecure-skip-tls-verify"] === true ? true : undefined,
    tlsServerName: typeof cluster["tls-server-name"] === "string" ? cluster["tls-server-name"] : undefined,
    clientCertificate: base64(user["client-certificate-data"]) ?? path(user["client-certificate"]),
    clientKey: base64(user["client-key-data"]) ?? path(user["client-key"]),
    token: path(user.tokenFile) ?? inline(user.token),
  })
}

/** Name of the extension of a cluster's entry that lists all its servers: a kubeconfig has room for one, kubectl passes over this. */
export const serversExtension = "wick.dev/servers"

function serversOf(extensions: unknown): readonly string[] | undefined {
  if (!Array.isArray(extensions)) return undefined
  const found = (extensions as { name?: unknown; extension?: { servers?: unknown } }[]).find(
    ({ name }) => name === serversExtension,
  )?.extension?.servers
  if (!Array.isArray(found)) return undefined
  return found.filter((server): server is string => typeof server === "string").map(withoutSlash)
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, "")
}

function entry<Entry extends Named>(
  entries: readonly Entry[] | undefined,
  name: string | undefined,
  what: string,
): Entry {
  const found = entries?.find((candidate) => candidate.name === name)
  if (found) return found
  const known = (entries ?? []).map((candidate) => candidate.name).join(", ") || "none"
  throw new KubeconfigError(`the kubeconfig has no ${what} "${name ?? ""}"; it has: ${known}`)
}

function base64(value: unknown): Material | undefined {
  return typeof value === "string" && value !== ""
    ? { kind: "inline", text: Buffer.from(value, "base64").toString("utf8") }
    : undefined
}

function inline(value: unknown): Material | undefined {
  return typeof value === "string" && value !== "" ? { kind: "inline", text: value } : undefined
}

function fileMaterial(value: unknown, directory: string | undefined): Material | undefined {
  if (typeof value !== "string" || value === "") return undefined
  const relative = directory !== undefined && !value.startsWith("/")
  return { kind: "file", path: relative ? `${directory}/${value}` : value }
}

/** The object without the keys whose value is undefined. */
function present(config: { [Key in keyof ClusterConfig]: ClusterConfig[Key] | undefined }): ClusterConfig {
  return Object.fromEntries(
    Object.entries(config).filter(([, value]) => value !== undefined),
  ) as unknown as ClusterConfig
}
