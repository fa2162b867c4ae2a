import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { systemNamespace } from "@wick/sdk/api/serving/config"
import type { Informers } from "@wick/sdk/controller"
import type { GatewayAddresses } from "./gateways.ts"

const serviceLabel = "kubernetes.io/service-name=activator-service"
const adminPort = "admin"

/** The gateways that the Service `knative-serving/activator-service` has, but for those that are not ready. */
export function followGateways(informers: Informers): GatewayAddresses {
  const slices = informers(EndpointSlice, { namespace: systemNamespace, labelSelector: serviceLabel })
  return {
    synced: slices.synced,
    onChange: (listener) => slices.onChange(listener),
    list: () => [...new Set(slices.list(systemNamespace).flatMap(addressesOf))].toSorted(),
  }
}

function addressesOf({ endpoints, ports = [] }: EndpointSlice): string[] {
  const port = ports.find(({ name }) => name === adminPort)?.port
  if (port === undefined) return []
  return endpoints
    .filter(({ conditions }) => conditions.ready !== false)
    .flatMap(({ addresses }) => addresses.map((address) => `http://${address}:${port}`))
}

/** Gateways that are where they are, whatever the cluster says. */
export function knownGateways(addresses: readonly string[]): GatewayAddresses {
  return { synced: Promise.resolve(), list: () => addresses, onChange: () => () => {} }
}
