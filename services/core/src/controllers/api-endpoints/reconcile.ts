import { Endpoints } from "@wick/sdk/api/core/endpoints"
import { Node } from "@wick/sdk/api/core/node"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import type { Client } from "@wick/sdk/client"
import { createController, done, watchOf } from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"
import { type ApiServerAddress, apiEndpoints, isReady } from "./decide.ts"

/** The API servers of the cluster, where there may be several. */
export interface ApiServers {
  list(): readonly ApiServerAddress[]
  /** Calls back when they may have changed; returns what ends that. */
  onChange(listener: () => void): () => void
}

const namespace = "default"
const name = "kubernetes"
const fieldManager = "wick-api-endpoints"
const serviceLabel = "kubernetes.io/service-name"

/**
 * Keeps the endpoints of the service `kubernetes`, under which pods find the API, equal to the API servers that there
 * are. A server that is alone writes its own at its start; this takes over when there are others.
 */
export function startApiEndpoints({ client, informers, clock, log, metrics }: ControllerContext, servers: ApiServers) {
  const nodes = informers(Node)
  const reconcile = async () => {
    const all = servers.list()
    if (all.length > 1) await write(client, apiEndpoints(all, nodes.list()))
    return done
  }
  return createController({
    name: "api-endpoints-controller",
    clock,
    log,
    metrics,
    watches: [
      watchOf(nodes, ({ before, after }) => (before && after && isReady(before) === isReady(after) ? [] : [name])),
      {
        synced: Promise.resolve(),
        subscribe: (wake) => {
          wake(name)
          return servers.onChange(() => wake(name))
        },
      },
    ],
    reconcile,
  })
}

async function write(client: Client, { subsets, slices }: ReturnType<typeof apiEndpoints>): Promise<void> {
  const options = { fieldManager, force: true }
  const old = await client.get(Endpoints, { name, namespace }).catch((error: unknown) => {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  })
  if (old && JSON.stringify(addressesOf(old)) !== JSON.stringify(addressesOf({ subsets }))) {
    await client.update(Endpoints, { ...old, subsets: [...subsets] })
  }
  const found = (await client.list(EndpointSlice, { namespace, labelSelector: `${serviceLabel}=${name}` })).items
  for (const [slice, { addresses, port }] of slices) {
    const known = found.find(({ metadata }) => metadata.name === slice)
    const told = known?.endpoints?.flatMap((endpoint) => endpoint.addresses)
    if (known?.ports?.[0]?.port === port && JSON.stringify(told) === JSON.stringify(addresses)) continue
    const endpoints = addresses.map((address) => ({ addresses: [address], conditions: { ready: true } }))
    const object = {
      metadata: { name: slice, namespace, labels: { [serviceLabel]: name } },
      addressType: "IPv4" as const,
      endpoints,
      ports: [{ name: "https", protocol: "TCP", port }],
    }
    await client.apply(EndpointSlice, object as never, options)
  }
  const left = found.filter(({ metadata }) => !slices.has(metadata.name))
  await Promise.all(left.map(({ metadata }) => client.delete(EndpointSlice, { name: metadata.name, namespace })))
}

function addressesOf({ subsets }: { subsets?: readonly unknown[] | undefined }): unknown {
  return (subsets as { addresses?: { ip: string }[]; ports?: { port: number }[] }[] | undefined)?.map(
    ({ addresses = [], ports = [] }) => [addresses.map(({ ip }) => ip), ports.map(({ port }) => port)],
  )
}
