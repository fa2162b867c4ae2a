import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Secret } from "@wick/sdk/api/core/secret"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { Certificate } from "@wick/sdk/api/networking-internal/certificate"
import { servingNamespace as namespace } from "@wick/sdk/api/serving/roles"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { MetricsExposure } from "./metrics-api.ts"
import type { MetricsListen } from "./server.ts"

/** Where every API server says how those behind it know that it asks. */
const authentication = { name: "extension-apiserver-authentication", namespace: "kube-system" }
const proxyAuthority = "requestheader-client-ca-file"
const name = "autoscaler-metrics"
const secretName = "autoscaler-metrics-certs"
/** The controller, which has the certificate made, may be starting too. */
const askMs = 1_000
const asksMax = 120

/**
 * Custom metrics on a cluster whose manifests have the APIService: that is there at all times, so somebody answers at all
 * times. The certificate is of serving's own authority, the same for all autoscalers.
 */
export function clusterExposure(client: Client, clock: Clock, listen: string): MetricsExposure {
  return {
    listen: () => listening(client, clock, listen),
    isLasting: true,
    expose: async () => {},
    withdraw: async () => {},
  }
}

async function listening(client: Client, clock: Clock, listen: string): Promise<MetricsListen> {
  const { data = {} } = await client.get(ConfigMap, authentication)
  const clientAuthorityPem = data[proxyAuthority]
  if (!clientAuthorityPem) {
    throw new Error(
      `ConfigMap kube-system/${authentication.name} has no ${proxyAuthority}: this cluster aggregates no APIs`,
    )
  }
  const at = listen.lastIndexOf(":")
  const place = { host: listen.slice(0, at), port: Number(listen.slice(at + 1)) }
  return { ...place, ...(await certificate(client, clock)), clientAuthorityPem }
}

async function certificate(
  client: Client,
  clock: Clock,
): Promise<Pick<MetricsListen, "certificatePem" | "privateKeyPem">> {
  const labels = { "networking.knative.dev/certificate-type": "system-internal" }
  const spec = { dnsNames: [`${name}.${namespace}.svc`], secretName }
  await client.create(Certificate, { metadata: { name, namespace, labels }, spec }).catch((error: unknown) => {
    if (!isStatus(error, "AlreadyExists")) throw error
  })
  for (let asked = 0; asked < asksMax; asked++) {
    const found = await client.get(Secret, { name: secretName, namespace }).catch((error: unknown) => {
      if (!isStatus(error, "NotFound")) throw error
      return undefined
    })
    const { "tls.crt": chain, "tls.key": key } = found?.data ?? {}
    if (chain && key) return { certificatePem: plain(chain), privateKeyPem: plain(key) }
    await clock.sleep(askMs)
  }
  throw new Error(`Secret ${namespace}/${secretName} does not come: is there a controller?`)
}

function plain(base64: string): string {
  return Buffer.from(base64, "base64").toString()
}
