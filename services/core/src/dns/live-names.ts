import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import { type Informers, keyOf } from "@wick/sdk/controller"
import type { ClusterNames } from "./cluster-answer.ts"

const serviceLabel = "kubernetes.io/service-name"

/** Names outside the cluster's zone: all below the key stand for the service of that name. */
export type Aliases = Readonly<Record<string, string>>

/** The cluster's names as the informers know them; `synced` when they know all. */
export function liveNames(
  informers: Informers,
  aliases: Aliases = {},
): ClusterNames & { readonly synced: Promise<unknown> } {
  const services = informers(Service, {
    indexes: { byClusterIP: ({ spec }) => spec.clusterIPs ?? [spec.clusterIP ?? ""] },
  })
  const slices = informers(EndpointSlice, {
    indexes: {
      byService: (slice) => [serviceOf(slice)],
      byAddress: ({ endpoints }) => endpoints.flatMap(({ addresses }) => addresses),
    },
  })
  const headlessAt = (address: string): Service[] =>
    slices.byIndex("byAddress", address).flatMap((slice) => {
      const service = services.get(slice.metadata.labels?.[serviceLabel] ?? "", slice.metadata.namespace)
      return service?.spec.clusterIP === "None" ? [service] : []
    })
  return {
    synced: Promise.all([services.synced, slices.synced]),
    service: (namespace, name) => services.get(name, namespace),
    slices: (namespace, name) => slices.byIndex("byService", keyOf({ metadata: { namespace, name } })),
    servicesAt: (address) => [...new Set([...services.byIndex("byClusterIP", address), ...headlessAt(address)])],
    hasNamespace: (namespace) => services.list(namespace).length > 0,
    standsFor: (name) => Object.entries(aliases).find(([domain]) => name.endsWith(`.${domain}`))?.[1],
  }
}

function serviceOf(slice: EndpointSlice): string {
  return keyOf({ metadata: { ...slice.metadata, name: slice.metadata.labels?.[serviceLabel] ?? "" } })
}
