/**
 * The embedded orchestrator: a control plane (store, API server, scheduler, controllers) and a node agent (kubelet,
 * network, DNS, containerd), each started by one function. Knows Kubernetes, knows nothing of serverless. Imported by the
 * all-in-one composition.
 */

export { ConfigurationError, identities } from "#apiserver"
export { ContainerdError } from "#containerd"
export { HostCommandError, keptRanges, type Network, RangeRefusedError, startNetwork } from "#network"
export { writeKubeconfig } from "#pki"
export { type Registry, startRegistry } from "#registry"
export { NoSpaceError } from "#store"
export { type NodeOptions, type RunningNode, startNode } from "./agent.ts"
export { JoinError, joinCluster, type Membership, readMembership } from "./membership/index.ts"
export { otherImages } from "./other-images.ts"
export { type ControlPlane, type ControlPlaneOptions, startControlPlane } from "./server.ts"
