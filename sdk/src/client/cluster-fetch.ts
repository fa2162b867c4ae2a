import { watch } from "node:fs"
import { readFile } from "node:fs/promises"
import { homedir } from "node:os"
import { basename, dirname, join } from "node:path"
import type { Clock } from "../clock/index.ts"
import type { Fetch } from "./client.ts"
import { type ClusterConfig, inClusterConfig, type Material } from "./cluster-config.ts"
import { bearerToken, compose, retry } from "./compose.ts"
import type { Failover } from "./failover.ts"
import { type OpenWebSocket, type TlsOptions, webSocketsOf } from "./web-socket.ts"

/** A `fetch` that holds connections. Its requests carry the whole URL: give the client `baseUrl: config.server`. */
export interface ClusterFetch extends AsyncDisposable {
  readonly fetch: Fetch
  readonly openWebSocket: OpenWebSocket
}

/** A token's file is read again after this time: the kubelet renews projected tokens long before they expire. */
const tokenKeptMs = 60_000
/** A server that has not begun to answer within this time is lost. Bodies have no limit: a watch is one long body. */
const headersTimeoutMs = 60_000
/** Idle connections are kept for this long, so that a quiet controller answers its next event without a handshake. */
const keepAliveMs = 60_000

/** TLS, keep-alive, sign-in and retries for one cluster. */
export async function clusterFetch(config: ClusterConfig, clock: Clock): Promise<ClusterFetch> {
  const [ca, cert, key] = await Promise.all([
    readMaterial(config.certificateAuthority),
    readMaterial(config.clientCertificate),
    readMaterial(config.clientKey),
  ])
  // Loaded here, so that a process which reaches its API server without a socket never pays for it.
  const { default: Agent } = await import("undici/lib/dispatcher/agent.js")
  const tls: TlsOptions = {
    ...(ca !== undefined && { ca }),
    ...(cert !== undefined && { cert }),
    ...(key !== undefined && { key }),
    ...(config.tlsServerName !== undefined && { servername: config.tlsServerName }),
    rejectUnauthorized: config.insecureSkipTlsVerify !== true,
  }
  const agent = new Agent({
    headersTimeout: headersTimeoutMs,
    bodyTimeout: 0,
    keepAliveTimeout: keepAliveMs,
    connect: tls,
  })
  const transport: Fetch = (request) => globalThis.fetch(request, { dispatcher: agent } as object)
  const token = config.token && tokenSource(config.token, clock)
  const signIn = token ? [bearerToken(token)] : []
  const openWebSocket = webSocketsOf(tls, token)
  if (config.servers === undefined) {
    const fetch = compose(transport, retry({ clock }), ...signIn)
    return { fetch, openWebSocket, [Symbol.asyncDispose]: () => agent.destroy() }
  }
  const { failover, stop } = await failoverOf(transport, config, clock)
  return {
    fetch: compose(failover.fetch, retry({ clock }), ...signIn),
    openWebSocket: async (url, protocols, signal) => {
      const { pathname, search } = new URL(url)
      return openWebSocket(`${await failover.server()}${pathname}${search}`, protocols, signal)
    },
    [Symbol.asyncDispose]: async () => {
      stop()
      await agent.destroy()
    },
  }
}

async function failoverOf(
  transport: Fetch,
  { server, servers: first, path }: ClusterConfig,
  clock: Clock,
): Promise<{ failover: Failover; stop: () => void }> {
  const { Failover } = await import("./failover.ts")
  const servers = async (): Promise<readonly string[]> => {
    const { servers: now = first } = path === undefined ? {} : await readCluster(path).catch(() => ({ servers: first }))
    return [...new Set([server, ...(now ?? [])])]
  }
  const failover = new Failover(transport, { servers, clock })
  // Its folder, since a file that another is renamed over is seen no more.
  const watcher = path === undefined ? undefined : watch(dirname(path), { persistent: false })
  watcher?.on("change", (_, name) => {
    if (path !== undefined && (name === null || name === basename(path))) void failover.refresh()
  })
  watcher?.on("error", () => watcher.close())
  const stop = (): void => {
    watcher?.close()
    failover[Symbol.dispose]()
  }
  return { failover, stop }
}

export interface FindClusterOptions {
  /** `--kubeconfig` */
  readonly kubeconfig?: string | undefined
  /** `--context` */
  readonly context?: string | undefined
  readonly env: Readonly<Record<string, string | undefined>>
}

/** The cluster that the flags, `$KUBECONFIG`, the pod or `~/.kube/config` name, in this order. */
export async function findCluster({ kubeconfig, context, env }: FindClusterOptions): Promise<ClusterConfig> {
  const named = kubeconfig ?? env.KUBECONFIG?.split(":").find((path) => path !== "")
  if (named === undefined) {
    const inCluster = inClusterConfig(env)
    if (inCluster) return inCluster
  }
  const path = named ?? join(homedir(), ".kube", "config")
  return { ...(await readCluster(path, context)), path }
}

async function readCluster(path: string, context?: string): Promise<ClusterConfig> {
  const text = await readFile(path, "utf8")
  const { parseKubeconfig } = await import("./kubeconfig.ts")
  return parseKubeconfig(text, { directory: dirname(path), ...(context !== undefined && { context }) })
}

/** The text itself, from wherever it is. */
export async function readMaterial(material: Material | undefined): Promise<string | undefined> {
  if (material === undefined) return undefined
  return material.kind === "inline" ? material.text : await readFile(material.path, "utf8")
}

function tokenSource(material: Material, clock: Clock): () => string | Promise<string> {
  if (material.kind === "inline") return () => material.text
  let kept: { token: string; untilMs: number } | undefined
  return async () => {
    if (kept && clock.now() < kept.untilMs) return kept.token
    const token = (await readFile(material.path, "utf8")).trim()
    kept = { token, untilMs: clock.now() + tokenKeptMs }
    return token
  }
}
