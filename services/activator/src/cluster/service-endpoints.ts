import type { Protocol } from "../backend/protocol-finder.ts"
import type { ServiceSpecView, WatchedEndpointSlice } from "./watched-kinds.ts"

/** A port of a Service, by number or name, as an Ingress names it. */
export interface Wanted {
  readonly namespace: string
  readonly name: string
  readonly port: number | string
}

type ServicePort = NonNullable<ServiceSpecView["ports"]>[number]

/** Whose endpoints serve. */
export interface Source {
  readonly namespace: string
  readonly name: string
  readonly port: ServicePort
}

export interface Endpoint {
  readonly address: string
  readonly port: number
}

export const sliceServiceLabel = "kubernetes.io/service-name"
const suffix = /\.svc(\.cluster\.local)?\.?$/
/** A name that leads to a name that leads to a name … somewhere ends. */
const namesMax = 4
/** Serving's own: a way that leads back to the gateways would have no end, and their other ports are not for callers. */
const ownNamespace = "knative-serving"

/**
 * The Service whose endpoints answer for the one that is wanted: itself, or that which its externalName names. Names outside
 * the cluster are not followed: whoever may make a Service could have the gateway call whatever the gateway's host can reach.
 */
export function sourceOf(
  wanted: Wanted,
  specOf: (namespace: string, name: string) => ServiceSpecView | undefined,
): Source | undefined {
  let { namespace, name } = wanted
  for (let names = 0; names < namesMax; names++) {
    if (namespace === ownNamespace && names > 0) return undefined
    const spec = specOf(namespace, name)
    if (spec === undefined) return undefined
    if (spec.type !== "ExternalName") {
      const port = spec.ports?.find(({ name, port }) => port === Number(wanted.port) || name === wanted.port)
      return port && { namespace, name, port }
    }
    const [next, within, ...rest] = (spec.externalName ?? "").replace(suffix, "").split(".")
    if (!next || !within || rest.length > 0 || !suffix.test(spec.externalName ?? "")) return undefined
    namespace = within
    name = next
  }
  return undefined
}

/** Where a Service's port leads, by its slices: a port has the same name there, and each slice its own number for it. */
export function endpointsOf(source: Source | undefined, slices: readonly WatchedEndpointSlice[]): Endpoint[] {
  if (source === undefined) return []
  const portName = source.port.name ?? ""
  return slices.flatMap(({ endpoints, ports }) => {
    const port = ports?.find(({ name }) => (name ?? "") === portName)?.port
    if (port === undefined) return []
    const ready = (endpoints ?? []).filter(({ conditions }) => conditions?.ready !== false)
    return ready.flatMap(({ addresses }) => addresses.map((address) => ({ address, port })))
  })
}

/** What a Service's port says of the protocol that is spoken there. */
export function protocolOf(port: ServicePort | undefined): Protocol {
  const isHttp2 = port?.appProtocol === "kubernetes.io/h2c" || port?.name === "h2c" || port?.name === "http2"
  return isHttp2 ? "h2c" : "http1"
}
