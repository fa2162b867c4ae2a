/**
 * Cluster DNS: names of services and pods below `cluster.local`, as Kubernetes' DNS specification has them, and names that
 * whoever composes the node lets stand for a service; all others are asked of the host's resolvers.
 *
 * Invariants: an answer is a pure function of the question and of Services and EndpointSlices; no question is answered
 * with "no such name" before all services are known; waiting questions, open connections and sizes have limits.
 *
 * May be imported by whoever composes a node. Imports the sdk only.
 */
export type { Dns, DnsOptions } from "./start-dns.ts"
export { startDns } from "./start-dns.ts"
