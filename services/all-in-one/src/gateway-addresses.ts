import { EndpointSlice, Endpoints } from "@wick/sdk/api"
import { servingNamespace } from "@wick/sdk/api/serving/roles"
import { type Controller, createController, done, splitKey, subject, watchOf } from "@wick/sdk/controller"
import { gatewayEndpoints, gatewayServiceOf } from "./gateway-objects.ts"
import type { WatchedPlaces } from "./gateway-places.ts"

/** Tells who is behind the gateways' Services in the older form too, which some tools still read. */
export function followGatewayAddresses({ client, informers, clock, log }: WatchedPlaces): Controller {
  const slices = informers(EndpointSlice, { namespace: servingNamespace })
  return createController({
    name: "gateway-addresses",
    clock,
    log,
    watches: [
      watchOf(slices, (change) => {
        const service = gatewayServiceOf(subject(change))
        return service === undefined ? [] : [`${servingNamespace}/${service}`]
      }),
    ],
    reconcile: async (key) => {
      const { name } = splitKey(key)
      const own = slices.list(servingNamespace).filter((slice) => gatewayServiceOf(slice) === name)
      await client.apply(Endpoints, gatewayEndpoints(name, own), { fieldManager: "wick", force: true })
      return done
    },
  })
}
