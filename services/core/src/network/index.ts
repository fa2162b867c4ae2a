/**
 * The pod network of a node: which addresses pods and services have, how containerd gives a pod its link (CNI), and how
 * a service's address leads to its pods (nftables).
 *
 * Invariants: names of all that is made on the host carry the instance, so two Wicks never meet; every change of the
 * packet filter is one transaction; nothing outside our own table, link and directory is changed, but for forwarding
 * being allowed and for rules with our name at the head of a firewall that would drop what it does not know.
 *
 * May be imported by: kubelet, and by whoever composes a node. Imports the sdk only.
 */

export { type GivenProgram, HostCommandError, hostCommand, hostProgram } from "./host-command.ts"
export { namespaceVariables } from "./pod-link/namespace-program.ts"
export { namespacePlugin, PluginDirectory } from "./pod-link/plugin-directory.ts"
export { RangeRefusedError } from "./range-choice.ts"
export type { Network, NetworkOptions } from "./start-network.ts"
export { readKept as keptRanges, startNetwork } from "./start-network.ts"
