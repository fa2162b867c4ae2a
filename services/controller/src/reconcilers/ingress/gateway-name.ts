/** The gateways' Services, by which everything in the cluster reaches them: for all clients, and for pods only. */
const namespace = "knative-serving.svc.cluster.local"
export const publicGateway = `wick-gateway.${namespace}`
export const clusterGateway = `wick-gateway-local.${namespace}`
