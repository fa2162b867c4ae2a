import type { EndpointSlice, Endpoints, NewOf, Service } from "@wick/sdk/api"
import { servingNamespace } from "@wick/sdk/api/serving/roles"
import { isLoopbackName } from "@wick/sdk/loopback-name"

/** Where the gateway processes of one host are reached over the pod network. */
export interface GatewayPlace {
  readonly node: string
  /** The host as pods see it. */
  readonly address: string
  /** For all clients. */
  readonly publicPort: number
  readonly publicSecurePort: number
  /** For pods: here hosts of the cluster are served too. */
  readonly localPort: number
  readonly localSecurePort: number
  /** Of each process one. */
  readonly adminPorts: readonly number[]
}

type UrlPorts = Pick<GatewayPlace, "publicPort" | "publicSecurePort">

const skipMirrorLabel = "endpointslice.kubernetes.io/skip-mirror"
const serviceLabel = "kubernetes.io/service-name"
const publicName = "wick-gateway"
const localName = "wick-gateway-local"
const activatorsName = "activator-service"

type NewService = NewOf<typeof Service>
type NewSlice = NewOf<typeof EndpointSlice>

/**
 * The gateway as the cluster knows it: `wick-gateway` for clients outside, `wick-gateway-local` behind every placeholder
 * Service and for pods that call a function by its URL, and `activator-service`, where controllers and activators find
 * each activator.
 */
export function gatewayServices(place: UrlPorts): NewService[] {
  return [
    service(publicName, "LoadBalancer", [port("http", 80), port("https", 443)]),
    service(localName, "ClusterIP", [port("http", 80), port("https", 443), ...urlPorts(place)]),
    service(activatorsName, "ClusterIP", [port("http", 80), port("h2c", 81), port("https", 443), port("admin", 8081)]),
  ]
}

/** Who is behind those Services on one host. They have no selector: these are processes, not pods. */
export function gatewaySlices({ node, address, adminPorts, ...ports }: GatewayPlace): NewSlice[] {
  const { publicPort, publicSecurePort, localPort, localSecurePort } = ports
  const made = (service: string, suffix: string, ports: Readonly<Record<string, number>>): NewSlice => ({
    metadata: { name: `${service}-${node}${suffix}`, namespace: servingNamespace, labels: { [serviceLabel]: service } },
    addressType: "IPv4",
    endpoints: [
      { addresses: [address], conditions: { ready: true, serving: true, terminating: false }, nodeName: node },
    ],
    ports: Object.entries(ports).map(([name, number]) => ({ name, protocol: "TCP", port: number })),
  })
  return [
    made(publicName, "", { http: publicPort, https: publicSecurePort }),
    // Whatever port URLs name: another host may have another.
    made(localName, "", {
      ...{ http: localPort, https: localSecurePort },
      ...{ "http-url": localPort, "https-url": localSecurePort },
    }),
    ...adminPorts.map((admin, at) =>
      made(activatorsName, `-${at}`, { http: localPort, h2c: localPort, https: localSecurePort, admin }),
    ),
  ]
}

/** Whether a slice is one of those that hosts write of themselves. */
export function isGatewaySlice(slice: EndpointSlice): boolean {
  return gatewayServiceOf(slice) !== undefined
}

/** Name of the gateways' Service that a slice is of. */
export function gatewayServiceOf({ metadata }: EndpointSlice): string | undefined {
  return [publicName, localName, activatorsName].find((name) => name === metadata.labels?.[serviceLabel])
}

/** What slices of one Service say, in the older form. */
export function gatewayEndpoints(service: string, slices: readonly EndpointSlice[]): NewOf<typeof Endpoints> {
  const labels = { [skipMirrorLabel]: "true" }
  const sorted = slices.toSorted((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1))
  const subsets = sorted.map(({ endpoints, ports }) => {
    const [ready, others] = [true, false].map((is) => endpoints.filter((one) => (one.conditions.ready ?? true) === is))
    return { addresses: ready?.flatMap(olderForm), notReadyAddresses: others?.flatMap(olderForm), ports }
  })
  return { metadata: { name: service, namespace: servingNamespace, labels }, subsets } as NewOf<typeof Endpoints>
}

function olderForm({ addresses, nodeName }: EndpointSlice["endpoints"][number]): object[] {
  return addresses.map((ip) => ({ ip, ...(nodeName && { nodeName }) }))
}

const usualPorts = [80, 443]

/** The ports that functions' URLs name, where those are not the usual ones. */
function urlPorts({ publicPort, publicSecurePort }: UrlPorts) {
  const named = [port("http-url", publicPort), port("https-url", publicSecurePort)]
  return named.filter((found) => !usualPorts.includes(found.port))
}

/**
 * Where pods find a function by its URL: names below `localhost` lead everybody to themselves, so pods are told that they
 * stand for the gateway. Other domains are in the operator's DNS, for pods as for everybody.
 */
export function gatewayAliases(domain: string, clusterDomain: string): Record<string, string> {
  return isLoopbackName(domain) ? { [domain]: `${localName}.${servingNamespace}.svc.${clusterDomain}` } : {}
}

export const publicGateway = { name: publicName, namespace: servingNamespace }

function service(name: string, type: "LoadBalancer" | "ClusterIP", ports: NewService["spec"]["ports"]): NewService {
  return { metadata: { name, namespace: servingNamespace }, spec: { type, ports } }
}

function port(name: string, number: number) {
  return { name, protocol: "TCP" as const, port: number, targetPort: number }
}
