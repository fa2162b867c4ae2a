import type { MetricsExposure } from "@wick/autoscaler"
import type { ControlPlane } from "@wick/core"
import { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { Service } from "@wick/sdk/api/core/service"
import { EndpointSlice } from "@wick/sdk/api/discovery/endpoint-slice"
import type { NewOf } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { servingNamespace } from "@wick/sdk/api/serving/roles"
import type { Client } from "@wick/sdk/client"

const group = "custom.metrics.k8s.io"
const version = "v1beta2"
const service = { namespace: servingNamespace, name: "autoscaler-metrics", port: 443 }
const fieldManager = "wick"

/**
 * How the API server finds the autoscaler's metrics: an APIService, whose Service leads to this host. It is there only
 * while a revision is scaled by such a metric, and one of somebody else's is left as it is.
 */
export async function customMetrics(
  client: Client,
  { pki }: Pick<ControlPlane, "pki">,
  host: string,
): Promise<MetricsExposure> {
  const { certificatePem, privateKeyPem } = await pki.serve(service.name, [`${service.name}.${service.namespace}.svc`])
  const clientAuthorityPem = pki.frontProxy.authorityPem
  const caBundle = Buffer.from(pki.authorityPem).toString("base64")
  return {
    listen: { host, port: 0, certificatePem, privateKeyPem, clientAuthorityPem },
    expose: async (port) => {
      if (await isForeign(client)) return
      await client.apply(Service, ours(), { fieldManager, force: true })
      await client.apply(EndpointSlice, slice(host, port), { fieldManager, force: true })
      await client.apply(APIService, apiService(caBundle), { fieldManager, force: true })
    },
    withdraw: async () => {
      if (await isForeign(client)) return
      await client.delete(APIService, { name: `${version}.${group}` }).catch((error: unknown) => {
        if (!isStatus(error, "NotFound")) throw error
      })
    },
  }
}

async function isForeign(client: Client): Promise<boolean> {
  try {
    const { spec } = await client.get(APIService, { name: `${version}.${group}` })
    return spec?.service?.name !== service.name || spec.service.namespace !== service.namespace
  } catch (error) {
    if (isStatus(error, "NotFound")) return false
    throw error
  }
}

function ours(): NewOf<typeof Service> {
  const { name, namespace, port } = service
  const ports = [{ name: "https", port, protocol: "TCP", targetPort: port }]
  return { metadata: { name, namespace }, spec: { ports } } as NewOf<typeof Service>
}

function slice(host: string, port: number): NewOf<typeof EndpointSlice> {
  const { name, namespace } = service
  return {
    metadata: { name, namespace, labels: { "kubernetes.io/service-name": name } },
    addressType: "IPv4",
    endpoints: [{ addresses: [host], conditions: { ready: true } }],
    ports: [{ name: "https", port, protocol: "TCP" }],
  } as NewOf<typeof EndpointSlice>
}

function apiService(caBundle: string): NewOf<typeof APIService> {
  return {
    metadata: { name: `${version}.${group}` },
    spec: { group, version, groupPriorityMinimum: 100, versionPriority: 100, caBundle, service },
  } as NewOf<typeof APIService>
}
