import type { Endpoints } from "@wick/sdk/api/core/endpoints"
import type { Pod } from "@wick/sdk/api/core/pod"
import type { Service, ServicePort } from "@wick/sdk/api/core/service"
import type { Endpoint, EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { NewOf } from "@wick/sdk/api/kind"
import { isEnded, isReady, isTerminating } from "../pod-state.ts"

/** Endpoints per slice at most: a slice is what changes and travels when one pod does. */
const sliceMax = 100
/** Addresses in the older form at most; clients of it are told that there are more. */
const endpointsMax = 1_000

export const serviceNameLabel = "kubernetes.io/service-name"
const managedByLabel = "endpointslice.kubernetes.io/managed-by"
const managedBy = "endpointslice-controller.k8s.io"
const headlessLabel = "service.kubernetes.io/headless"

type SlicePort = NonNullable<EndpointSlice["ports"]>[number]
type NewSlice = NewOf<typeof EndpointSlice> & { metadata: { name: string } }
type Subset = NonNullable<Endpoints["subsets"]>[number]

/** Whether the controller makes this service's endpoints: without a selector its user does. */
export function isManaged({ spec }: Service): boolean {
  return spec.type !== "ExternalName" && Object.keys(spec.selector ?? {}).length > 0
}

/** What of a pod shows in endpoints; a change that leaves it equal is nobody's concern here. */
export function visible(pod: Pod): string {
  const { metadata, spec, status } = pod
  return JSON.stringify([
    metadata.labels,
    status?.podIP,
    spec.nodeName,
    isEnded(pod),
    isReady(pod),
    isTerminating(pod),
    metadata.uid,
  ])
}

/**
 * The slices that a service should have. Pods whose named ports have different numbers go into different slices.
 * Names come from the service, the ports and a count: to write them twice does no harm.
 */
export function desiredSlices(service: Service, pods: readonly Pod[]): NewSlice[] {
  const groups = new Map<string, { ports: SlicePort[]; endpoints: Endpoint[] }>()
  for (const pod of byName(pods)) {
    if (isEnded(pod) || !pod.status?.podIP) continue
    const ports = slicePorts(service, pod)
    const key = JSON.stringify(ports)
    const group = groups.get(key) ?? { ports, endpoints: [] }
    group.endpoints.push(endpointOf(service, pod))
    groups.set(key, group)
  }
  if (groups.size === 0) groups.set("", { ports: [], endpoints: [] })
  return [...groups].flatMap(([key, { ports, endpoints }]) =>
    chunks(endpoints, sliceMax).map((chunk, index) => ({
      metadata: {
        name: `${service.metadata.name}-${shortHash(`${groups.size === 1 ? "" : key}${index}`)}`,
        namespace: service.metadata.namespace,
        labels: sliceLabels(service),
      },
      addressType: "IPv4" as const,
      endpoints: chunk,
      ports,
    })),
  )
}

function sliceLabels({ metadata, spec }: Service): Record<string, string> {
  return {
    ...metadata.labels,
    [serviceNameLabel]: metadata.name,
    [managedByLabel]: managedBy,
    ...(spec.clusterIP === "None" && { [headlessLabel]: "" }),
  }
}

/** Slices that are ours, not a user's own for the same service. */
export function isOurs({ metadata }: EndpointSlice): boolean {
  return metadata.labels?.[managedByLabel] === managedBy
}

function endpointOf(service: Service, pod: Pod): Endpoint {
  const { name, namespace, uid } = pod.metadata
  const serving = isReady(pod)
  const terminating = isTerminating(pod)
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  return {
    addresses: [pod.status?.podIP ?? ""],
    conditions: { ready, serving, terminating },
    ...(named(service, pod) && { hostname: pod.spec.hostname }),
    ...(pod.spec.nodeName && { nodeName: pod.spec.nodeName }),
    targetRef: { kind: "Pod", namespace, name, uid },
  }
}

/** A pod that names itself under the service has a name of its own in DNS. */
function named(service: Service, { spec }: Pod): boolean {
  return Boolean(spec.hostname) && spec.subdomain === service.metadata.name
}

function slicePorts({ spec }: Service, pod: Pod): SlicePort[] {
  return (spec.ports ?? []).flatMap((port) => {
    const number = targetPort(port, pod)
    if (number === undefined) return []
    const { name = "", protocol, appProtocol } = port
    return [{ name, protocol, port: number, ...(appProtocol && { appProtocol }) }]
  })
}

/** The number that the service's port means on this pod; undefined when the pod has no port of that name. */
export function targetPort({ port, protocol, targetPort: target }: ServicePort, { spec }: Pod): number | undefined {
  if (target === undefined || target === 0 || target === "") return port
  if (typeof target === "number") return target
  const ports = spec.containers.flatMap((container) => container.ports ?? [])
  return ports.find((one) => one.name === target && one.protocol === protocol)?.containerPort
}

/** The same in the older form. Pods that are ending are not in it. */
export function desiredSubsets(service: Service, pods: readonly Pod[]): Subset[] {
  const groups = new Map<string, Required<Subset>>()
  const shown = byName(pods).filter((pod) => !isEnded(pod) && !isTerminating(pod) && pod.status?.podIP)
  for (const pod of shown.slice(0, endpointsMax)) {
    const ports = slicePorts(service, pod).map(({ name, protocol, port = 0, appProtocol }) => ({
      ...(name && { name }),
      port,
      protocol,
      ...(appProtocol && { appProtocol }),
    }))
    const key = JSON.stringify(ports)
    const group = groups.get(key) ?? { addresses: [], notReadyAddresses: [], ports }
    const { addresses, conditions, targetRef, nodeName, hostname } = endpointOf(service, pod)
    const address = { ip: addresses[0] ?? "", ...(hostname && { hostname }), ...(nodeName && { nodeName }), targetRef }
    const list = conditions.ready ? group.addresses : group.notReadyAddresses
    list?.push(address)
    groups.set(key, group)
  }
  return [...groups.values()].map(({ addresses, notReadyAddresses, ports }) => ({
    ...(addresses?.length && { addresses }),
    ...(notReadyAddresses?.length && { notReadyAddresses }),
    ...(ports?.length && { ports }),
  }))
}

function byName(pods: readonly Pod[]): Pod[] {
  return [...pods].sort((one, other) => (one.metadata.name < other.metadata.name ? -1 : 1))
}

function chunks<Item>(items: readonly Item[], size: number): Item[][] {
  const count = Math.max(1, Math.ceil(items.length / size))
  return Array.from({ length: count }, (_, index) => items.slice(index * size, (index + 1) * size))
}

/** Five letters of the text's hash (FNV-1a): enough to tell a service's few slices apart. */
function shortHash(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash.toString(36).padStart(5, "0").slice(-5)
}
