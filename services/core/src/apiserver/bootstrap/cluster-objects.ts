import type { AnyObject } from "@wick/sdk/api/kind"
import { systemPriorities } from "../strategy/priority-class.ts"

export interface ApiAddress {
  /** Address at which pods reach the API server: of the node, not loopback. */
  readonly ip: string
  readonly port: number
  /** First address of the service network: what `kubernetes.default.svc` resolves to. */
  readonly clusterIp: string
  /** There are others: where they are, and this one among them, the controller of API endpoints writes. */
  readonly shared?: boolean
}

const httpsPort = 443

export function namespaces(): AnyObject[] {
  return ["default", "kube-system", "kube-public", "kube-node-lease"].map((name) => ({
    apiVersion: "v1",
    kind: "Namespace",
    metadata: { name, labels: { "kubernetes.io/metadata.name": name } },
    spec: { finalizers: ["kubernetes"] },
  }))
}

/** What users may name, but neither change nor delete. */
export function systemPriorityClasses(): AnyObject[] {
  return Object.entries(systemPriorities).map(([name, value]) => ({
    apiVersion: "scheduling.k8s.io/v1",
    kind: "PriorityClass",
    metadata: { name },
    value,
    preemptionPolicy: "PreemptLowerPriority",
    description: `For pods without which ${name === "system-node-critical" ? "their node" : "the cluster"} does not work.`,
  }))
}

/** The Service under which pods find the API server, and where it leads. It has no selector: the server is no pod. */
export function kubernetesService({ ip, port, clusterIp, shared = false }: ApiAddress): AnyObject[] {
  const name = "kubernetes"
  const namespace = "default"
  const labels = { component: "apiserver", provider: "kubernetes" }
  const service: AnyObject[] = [
    {
      apiVersion: "v1",
      kind: "Service",
      metadata: { name, namespace, labels },
      spec: {
        type: "ClusterIP",
        clusterIP: clusterIp,
        clusterIPs: [clusterIp],
        ipFamilies: ["IPv4"],
        ipFamilyPolicy: "SingleStack",
        sessionAffinity: "None",
        ports: [{ name: "https", protocol: "TCP", port: httpsPort, targetPort: port }],
      },
    },
  ]
  if (shared) return service
  return [
    ...service,
    {
      apiVersion: "v1",
      kind: "Endpoints",
      metadata: { name, namespace, labels: { "endpointslice.kubernetes.io/skip-mirror": "true" } },
      subsets: [{ addresses: [{ ip }], ports: [{ name: "https", protocol: "TCP", port }] }],
    },
    {
      apiVersion: "discovery.k8s.io/v1",
      kind: "EndpointSlice",
      metadata: { name, namespace, labels: { "kubernetes.io/service-name": name } },
      addressType: "IPv4",
      endpoints: [{ addresses: [ip], conditions: { ready: true } }],
      ports: [{ name: "https", protocol: "TCP", port }],
    },
  ]
}

/** Authorities that extension servers believe, PEM. */
export interface TrustedAuthorities {
  /** Of clients' own certificates. */
  readonly clientPem: string
  /** Of the API server as it passes requests on. */
  readonly frontProxyPem: string
  /** The name that the API server's certificate then bears. */
  readonly frontProxyName: string
}

/**
 * What an extension server reads at its start to know who asks: by whose certificate it is told the user of a request,
 * and in which headers. The names are those that every such server looks for.
 */
export function extensionAuthentication(trusted: TrustedAuthorities): AnyObject[] {
  const list = (...items: string[]): string => JSON.stringify(items)
  return [
    {
      apiVersion: "v1",
      kind: "ConfigMap",
      metadata: { name: extensionAuthenticationName, namespace: "kube-system" },
      data: {
        "client-ca-file": trusted.clientPem,
        "requestheader-allowed-names": list(trusted.frontProxyName),
        "requestheader-client-ca-file": trusted.frontProxyPem,
        "requestheader-extra-headers-prefix": list("X-Remote-Extra-"),
        "requestheader-group-headers": list("X-Remote-Group"),
        "requestheader-uid-headers": list("X-Remote-Uid"),
        "requestheader-username-headers": list("X-Remote-User"),
      },
    },
  ]
}

export const extensionAuthenticationName = "extension-apiserver-authentication"
