import type { Node } from "@wick/sdk/api/core/node"

/** An API server of the cluster. */
export interface ApiServerAddress {
  /** Of the node that it is on. */
  readonly name: string
  readonly ip: string
  readonly port: number
}

export interface ApiEndpoints {
  /** Of the Endpoints `kubernetes`. */
  readonly subsets: readonly {
    addresses: { ip: string }[]
    ports: { name: string; protocol: string; port: number }[]
  }[]
  /** Name of a slice → what it holds: a slice has one port for all its addresses. */
  readonly slices: ReadonlyMap<string, { readonly addresses: readonly string[]; readonly port: number }>
}

/**
 * Where pods find API servers: all whose node is not known to be gone. If that were none, all: a node that says nothing
 * is no proof that its API server does not answer.
 */
export function apiEndpoints(servers: readonly ApiServerAddress[], nodes: readonly Node[]): ApiEndpoints {
  const lost = new Set(nodes.filter((node) => !isReady(node)).map(({ metadata }) => metadata.name))
  const living = servers.filter(({ name }) => !lost.has(name))
  const byPort = new Map<number, string[]>()
  for (const { ip, port } of living.length === 0 ? servers : living) {
    byPort.set(port, [...(byPort.get(port) ?? []), ip].sort())
  }
  const groups = [...byPort].sort(([a], [b]) => a - b)
  return {
    subsets: groups.map(([port, ips]) => ({
      addresses: ips.map((ip) => ({ ip })),
      ports: [{ name: "https", protocol: "TCP", port }],
    })),
    slices: new Map(
      groups.map(([port, addresses], at) => [at === 0 ? "kubernetes" : `kubernetes-${port}`, { addresses, port }]),
    ),
  }
}

export function isReady({ status }: Node): boolean {
  return status?.conditions?.find(({ type }) => type === "Ready")?.status !== "Unknown"
}
