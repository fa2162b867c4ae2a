import { systemClock } from "../clock/index.ts"
import type { Client } from "./client.ts"
import type { ClusterConfig } from "./cluster-config.ts"
import { clusterFetch, type FindClusterOptions, findCluster } from "./cluster-fetch.ts"
import type { FetchWrapper } from "./compose.ts"
import { createClient } from "./create-client.ts"

/** A client of the cluster that the flags and the environment name, ready to use. */
export interface Connected extends AsyncDisposable {
  readonly client: Client
  /** Namespace of the kubeconfig's context. */
  readonly namespace: string
  readonly server: string
  readonly config: ClusterConfig
}

/** `wrap` goes around every request. */
export async function connect(
  options: FindClusterOptions,
  userAgent = "wick",
  wrap: FetchWrapper = (next) => next,
): Promise<Connected> {
  const config = await findCluster(options)
  const { fetch, openWebSocket, [Symbol.asyncDispose]: dispose } = await clusterFetch(config, systemClock)
  return {
    client: createClient({ fetch: wrap(fetch), openWebSocket, baseUrl: config.server, userAgent }),
    namespace: config.namespace ?? "default",
    server: config.server,
    config,
    [Symbol.asyncDispose]: dispose,
  }
}
