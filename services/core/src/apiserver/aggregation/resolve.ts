import type { Service } from "@wick/sdk/api/core/service"
import type { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { ServiceReference } from "./route.ts"

/** One place at which an extension server answers. */
export interface Backend {
  /** An address, or a name for an ExternalName Service. */
  readonly host: string
  readonly port: number
}

/** Where a Service leads now, or why nowhere, in the words of an APIService's condition. */
export type Resolution =
  | { readonly kind: "found"; readonly backends: readonly [Backend, ...Backend[]] }
  | { readonly kind: "nowhere"; readonly reason: string; readonly message: string }

/**
 * Pure. The endpoints are reached themselves, not by the Service's address: the server needs no rule of the cluster's
 * network for it, and a headless Service will do.
 */
export function resolve(
  { namespace, name, port }: ServiceReference,
  service: Service | undefined,
  slices: readonly EndpointSlice[],
): Resolution {
  const quoted = `service/${name} in "${namespace}"`
  if (!service) return nowhere("ServiceNotFound", `${quoted} is not present`)
  const { type, externalName, ports = [] } = service.spec ?? {}
  if (type === "ExternalName" && externalName) return { kind: "found", backends: [{ host: externalName, port }] }
  const found = ports.find((each) => each.port === port)
  if (!found) return nowhere("ServicePortError", `${quoted} is not listening on port ${port}`)
  if (slices.length === 0) return nowhere("EndpointsNotFound", `cannot find endpointslices for ${quoted}`)
  const portName = found.name ?? ""
  const [first, ...others] = slices.flatMap((slice) => backendsOf(slice, portName))
  if (first) return { kind: "found", backends: [first, ...others] }
  return nowhere("MissingEndpoints", `endpointslices for ${quoted} have no addresses with port name "${portName}"`)
}

function backendsOf({ endpoints = [], ports = [] }: EndpointSlice, portName: string): Backend[] {
  const port = ports?.find(({ name }) => (name ?? "") === portName)?.port
  if (port === undefined) return []
  return endpoints
    .filter(({ conditions }) => conditions?.ready !== false)
    .flatMap(({ addresses }) => addresses.map((host) => ({ host, port })))
}

function nowhere(reason: string, message: string): Resolution {
  return { kind: "nowhere", reason, message }
}
