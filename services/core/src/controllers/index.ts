/**
 * Kubernetes' own controllers: Deployment, ReplicaSet, EndpointSlice, garbage collection, namespaces, node life cycle,
 * service accounts, certificate signing. Each is a folder with a pure `decide` (what should be) and a `reconcile` (reads caches, writes).
 *
 * Invariants: a controller reaches the cluster only by the API; it looks at whole states, never at single events; a
 * stale cache makes nothing twice; run again on a settled cluster, it writes nothing. Imported by core's composition.
 */
export { startEndpointSlices } from "./endpoint-slice/reconcile.ts"
export type { ControllersOptions } from "./start-controllers.ts"
export { startControllers, startOtherControllers, startPodMakers } from "./start-controllers.ts"
