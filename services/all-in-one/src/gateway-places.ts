import { EndpointSlice, isStatus, Node, Service } from "@wick/sdk/api"
import { servingNamespace } from "@wick/sdk/api/serving/roles"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import {
  type Controller,
  createController,
  done,
  type Informers,
  keyOf,
  splitKey,
  subject,
  wakeAfter,
  watchOf,
} from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { type GatewayPlace, gatewayServices, gatewaySlices, isGatewaySlice, publicGateway } from "./gateway-objects.ts"

const fieldManager = "wick"

/** Tells the cluster where this host's gateways are. */
export async function publishGateways(client: Client, place: GatewayPlace): Promise<void> {
  const options = { fieldManager, force: true }
  await Promise.all([
    ...gatewayServices(place).map((service) => client.apply(Service, service, options)),
    ...gatewaySlices(place).map((slice) => client.apply(EndpointSlice, slice, options)),
  ])
  await forgetOthers(client, place)
  const { status } = await client.get(Service, publicGateway)
  if (status?.loadBalancer?.ingress?.length) return
  const body = { status: { loadBalancer: { ingress: [{ ip: place.address, ipMode: "VIP" }] } } }
  await client.patch(Service, publicGateway, { type: "merge", body }, { subresource: "status" })
}

/** Of more processes than run here now. */
async function forgetOthers(client: Client, place: GatewayPlace): Promise<void> {
  const wanted = new Set(gatewaySlices(place).map(({ metadata }) => metadata.name))
  const { items } = await client.list(EndpointSlice, { namespace: servingNamespace })
  const others = items.filter(
    (slice) => isGatewaySlice(slice) && slice.endpoints[0]?.nodeName === place.node && !wanted.has(slice.metadata.name),
  )
  await Promise.all(others.map(({ metadata }) => remove(client, metadata.name)))
}

export interface WatchedPlaces {
  readonly client: Client
  readonly informers: Informers
  readonly clock: Clock
  readonly log: Log
}

/** A host that joins publishes its gateways perhaps before its Node is there; one that is gone for longer has left. */
const absentMsMax = 60_000

/**
 * A host that is lost can no longer say so itself: whoever leads takes its gateways out of the Services while its Node is
 * not heard of, and for good when the Node is deleted. Else routes would wait for a gateway that never answers.
 */
export function followPlaces({ client, informers, clock, log }: WatchedPlaces): Controller {
  const nodes = informers(Node)
  const slices = informers(EndpointSlice, { namespace: servingNamespace })
  const ours = (): EndpointSlice[] => slices.list(servingNamespace).filter(isGatewaySlice)
  return createController({
    name: "gateway-places",
    clock,
    log,
    watches: [
      watchOf(slices, (change) => (isGatewaySlice(subject(change)) ? [keyOf(subject(change))] : [])),
      watchOf(nodes, (change) => {
        const node = subject(change).metadata.name
        if (heardOf(change.before) === heardOf(change.after)) return []
        return ours().flatMap((slice) => (slice.endpoints[0]?.nodeName === node ? [keyOf(slice)] : []))
      }),
    ],
    reconcile: async (key) => {
      const { namespace, name } = splitKey(key)
      const slice = slices.get(name, namespace)
      const endpoint = slice?.endpoints[0]
      if (!slice || !endpoint) return done
      const node = nodes.get(endpoint.nodeName ?? "")
      if (!node) {
        const restMs = Date.parse(slice.metadata.creationTimestamp) + absentMsMax - clock.now()
        if (restMs > 0) return wakeAfter(restMs)
        await remove(client, name)
        return done
      }
      const ready = heardOf(node)
      if (endpoint.conditions.ready === ready) return done
      const body = { endpoints: [{ ...endpoint, conditions: { ...endpoint.conditions, ready, serving: ready } }] }
      await client.patch(
        EndpointSlice,
        { name, namespace: servingNamespace },
        { type: "merge", body },
        { fieldManager },
      )
      return done
    },
  })
}

/** A node that says itself that it is not ready still has gateways; only of one that says nothing they may be lost. */
function heardOf(node: Node | undefined): boolean {
  const ready = node?.status?.conditions?.find(({ type }) => type === "Ready")
  return node !== undefined && ready?.status !== "Unknown"
}

async function remove(client: Client, name: string): Promise<void> {
  try {
    await client.delete(EndpointSlice, { name, namespace: servingNamespace })
  } catch (error) {
    if (!isStatus(error, "NotFound")) throw error
  }
}
