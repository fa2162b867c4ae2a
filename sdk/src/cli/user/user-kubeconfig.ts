import type { ClusterConfig } from "../../client/cluster-config.ts"
import { readMaterial } from "../../client/cluster-fetch.ts"

export interface UserKubeconfig {
  readonly cluster: ClusterConfig
  readonly user: string
  readonly namespace: string
  readonly certificatePem: string
  readonly privateKeyPem: string
}

/** A kubeconfig for the user in the cluster that we talk to, with everything in it, so that the one file can be sent. */
export async function userKubeconfig(options: UserKubeconfig): Promise<string> {
  const { cluster, user, namespace, certificatePem, privateKeyPem } = options
  const authority = await readMaterial(cluster.certificateAuthority)
  // Named after the address and the user, so that it can be merged with those of other clusters.
  const { host } = new URL(cluster.server)
  const login = `${user}@${host}`
  const { stringify } = await import("yaml")
  const config = {
    apiVersion: "v1",
    kind: "Config",
    clusters: [
      {
        name: host,
        cluster: {
          server: cluster.server,
          ...(authority !== undefined && { "certificate-authority-data": base64(authority) }),
          ...(cluster.insecureSkipTlsVerify && { "insecure-skip-tls-verify": true }),
          ...(cluster.tlsServerName && { "tls-server-name": cluster.tlsServerName }),
        },
      },
    ],
    users: [
      {
        name: login,
        user: { "client-certificate-data": base64(certificatePem), "client-key-data": base64(privateKeyPem) },
      },
    ],
    contexts: [{ name: login, context: { cluster: host, user: login, namespace } }],
    "current-context": login,
  }
  return stringify(config, { lineWidth: 0 })
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64")
}
