import type { EndpointSlice, Service } from "@wick/sdk/api"

/**
 * What the packet filter must hold for one service: a chain for each port that has endpoints, and the addresses that
 * lead into it. A port without endpoints has nothing here, and is refused by the table's last rule.
 */
export interface ServiceRules {
  /** Chain name → its one rule. */
  readonly chains: ReadonlyMap<string, string>
  /** `10.235.0.4 . tcp . 80` → chain. */
  readonly addresses: ReadonlyMap<string, string>
  /** `tcp . 30080` → chain. */
  readonly nodePorts: ReadonlyMap<string, string>
  /** Addresses of endpoints: one that calls its own service meets itself. */
  readonly endpoints: ReadonlySet<string>
}

export const noRules: ServiceRules = {
  chains: new Map(),
  addresses: new Map(),
  nodePorts: new Map(),
  endpoints: new Set(),
}

type Port = NonNullable<Service["spec"]["ports"]>[number]
interface Target {
  readonly address: string
  readonly port: number
}

export function serviceRules(service: Service, slices: readonly EndpointSlice[]): ServiceRules {
  const { spec, metadata } = service
  const clusterIP = spec.clusterIP ?? ""
  if (spec.type === "ExternalName" || !isIPv4(clusterIP)) return noRules
  const chains = new Map<string, string>()
  const addresses = new Map<string, string>()
  const nodePorts = new Map<string, string>()
  const endpoints = new Set<string>()
  for (const port of spec.ports ?? []) {
    const protocol = port.protocol.toLowerCase()
    const targets = targetsOf(port, slices)
    if (targets.length === 0) continue
    const chain = `svc/${metadata.namespace}/${metadata.name}/${protocol}/${port.port}`
    chains.set(chain, rule(protocol, targets, spec.sessionAffinity === "ClientIP"))
    for (const address of [clusterIP, ...balancerAddresses(service)]) {
      addresses.set(`${address} . ${protocol} . ${port.port}`, chain)
    }
    if (port.nodePort) nodePorts.set(`${protocol} . ${port.nodePort}`, chain)
    for (const { address } of targets) endpoints.add(address)
  }
  if (chains.size === 0) return noRules
  // Hardly any service has ports of nodes: nothing is kept for those that have none.
  return { chains, addresses, nodePorts: nodePorts.size === 0 ? noRules.nodePorts : nodePorts, endpoints }
}

/**
 * Addresses at which a load balancer hands packets over as they came: from inside one need not go round by it. Never one
 * of loopback, where the host's own programs are.
 */
function balancerAddresses({ spec, status }: Service): string[] {
  if (spec.type !== "LoadBalancer") return []
  return (status?.loadBalancer?.ingress ?? []).flatMap(({ ip = "", ipMode }) =>
    ipMode !== "Proxy" && isIPv4(ip) && !ip.startsWith("127.") ? [ip] : [],
  )
}

/** Ready endpoints; where there are none, those that end but still serve, since a late answer beats a refusal. */
function targetsOf(port: Port, slices: readonly EndpointSlice[]): Target[] {
  const ready = new Map<string, Target>()
  const ending = new Map<string, Target>()
  for (const slice of slices) {
    if (slice.addressType !== "IPv4") continue
    const at = slice.ports?.find(({ name, protocol }) => name === (port.name ?? "") && protocol === port.protocol)?.port
    if (at === undefined) continue
    for (const { addresses, conditions } of slice.endpoints) {
      const into =
        conditions.ready !== false ? ready : conditions.serving && conditions.terminating ? ending : undefined
      for (const address of addresses) into?.set(`${address}:${at}`, { address, port: at })
    }
  }
  const chosen = ready.size > 0 ? ready : ending
  return [...chosen].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, target]) => target)
}

/** Stickiness is a hash of the client's address: no state to keep, and it moves only when the endpoints change. */
function rule(protocol: string, targets: readonly Target[], sticky: boolean): string {
  const [only, ...more] = targets
  if (only && more.length === 0) return `meta l4proto ${protocol} dnat to ${only.address}:${only.port}`
  const turn = `${sticky ? "jhash ip saddr" : "numgen random"} mod ${targets.length}`
  const choices = targets.map(({ address, port }, index) => `${index} : ${address} . ${port}`)
  return `meta l4proto ${protocol} dnat ip to ${turn} map { ${choices.join(", ")} }`
}

function isIPv4(text: string): boolean {
  return /^\d+\.\d+\.\d+\.\d+$/.test(text)
}
