import { createHash } from "node:crypto"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { ServerlessService } from "@wick/sdk/api/networking-internal/serverless-service"

/** Who can be called, and where. */
export interface Place {
  readonly ip: string
  readonly port: number
  readonly nodeName?: string
  readonly pod?: { readonly name: string; readonly namespace: string; readonly uid: string }
}

export interface Backing {
  /** Sorted, so that the same places make the same objects. */
  readonly places: readonly Place[]
  /** Whether pods could answer. */
  readonly hasPods: boolean
  readonly isProxied: boolean
}

/**
 * Pods where they should answer and can, else activators; where there are no activators, pods in their stead, so that the
 * Service leads nowhere only if there is nobody at all.
 */
export function backingOf(
  { metadata, spec }: ServerlessService,
  pods: readonly Place[],
  activators: readonly Place[],
): Backing {
  const hasPods = pods.length > 0
  const isProxied = activators.length > 0 && (spec.mode === "Proxy" || !hasPods)
  const { name, namespace = "" } = metadata
  const places = isProxied ? subset(activators, `${namespace}/${name}`, spec.numActivators ?? 0) : pods
  return { places: places.toSorted(byAddress), hasPods, isProxied: isProxied || !hasPods }
}

/**
 * The same few of them for the same revision: each activator has a rank of its own there, so that one that comes or goes
 * moves only its own share.
 */
function subset(activators: readonly Place[], of: string, count: number): readonly Place[] {
  if (count === 0 || count >= activators.length) return activators
  const ranked = activators.map((place) => ({ place, rank: rankOf(of, place) }))
  return ranked
    .toSorted((a, b) => (a.rank < b.rank ? -1 : 1))
    .slice(0, count)
    .map(({ place }) => place)
}

function rankOf(of: string, { ip, port }: Place): string {
  return createHash("sha1").update(`${of} ${ip}:${port}`).digest("base64")
}

function byAddress(a: Place, b: Place): number {
  if (a.ip !== b.ip) return a.ip < b.ip ? -1 : 1
  return a.port - b.port
}

/** Name of the container port that requests go to. */
export const userPort = "user-port"

/** Pods that take requests: ready, and not on their way out. */
export function podPlaces(pods: readonly Pod[]): Place[] {
  return pods.flatMap(({ metadata, spec, status }) => {
    const isReady = status?.conditions?.some(({ type, status: is }) => type === "Ready" && is === "True")
    const ports = spec.containers.flatMap((container) => container.ports ?? [])
    const port = ports.find(({ name }) => name === userPort)?.containerPort
    if (!isReady || metadata.deletionTimestamp || !status?.podIP || port === undefined) return []
    const { name, namespace = "", uid } = metadata
    const { nodeName } = spec
    return [{ ip: status.podIP, port, pod: { name, namespace, uid }, ...(nodeName && { nodeName }) }]
  })
}

/** Activators that are ready, at the port for the protocol. */
export function activatorPlaces(slices: readonly EndpointSlice[], protocol: string): Place[] {
  const wanted = protocol === "h2c" ? ["h2c", "http2", "http"] : ["http"]
  return slices.flatMap(({ endpoints, ports }) => {
    const port = wanted
      .map((name) => ports?.find((each) => each.name === name)?.port)
      .find((number) => number !== undefined)
    if (port === undefined) return []
    return endpoints
      .filter(({ conditions }) => conditions?.ready !== false)
      .flatMap(({ addresses, nodeName }) =>
        addresses.map((ip): Place => ({ ip, port, ...(nodeName !== undefined && { nodeName }) })),
      )
  })
}
