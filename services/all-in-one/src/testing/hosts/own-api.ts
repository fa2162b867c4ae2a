import { type Client, clusterFetch, createClient, findCluster } from "@wick/sdk/client"
import { systemClock } from "@wick/sdk/clock"

/** A client of the first server that a kubeconfig names, and of no other: what this one does is to be seen. */
export async function ownApi(kubeconfig: string): Promise<Client> {
  const { servers: _, path: __, ...config } = await findCluster({ kubeconfig, env: {} })
  const { fetch, openWebSocket } = await clusterFetch(config, systemClock)
  return createClient({ fetch, openWebSocket, baseUrl: config.server })
}
