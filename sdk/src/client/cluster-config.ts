import { hostPort } from "../host-port.ts"

/** PEM text or a secret that stands in the file itself, or the path of the file that holds it. */
export type Material =
  | { readonly kind: "inline"; readonly text: string }
  | { readonly kind: "file"; readonly path: string }

/** Where a cluster is and who we are there. Nothing has been read from disk yet: see `cluster-fetch.ts`. */
export interface ClusterConfig {
  /** `https://127.0.0.1:6443` */
  readonly server: string
  /** All servers of the cluster, equal to each other and best first, where the kubeconfig names more than `server`. */
  readonly servers?: readonly string[]
  /** File that all this was read from; its servers are read again when it changes. */
  readonly path?: string
  /** Namespace of commands that name none. */
  readonly namespace: string
  readonly certificateAuthority?: Material
  readonly insecureSkipTlsVerify?: boolean
  /** Name to check the server's certificate against, where it is not the URL's host. */
  readonly tlsServerName?: string
  readonly clientCertificate?: Material
  readonly clientKey?: Material
  readonly token?: Material
}

/** Folder that every pod finds its service account in. */
const serviceAccountDirectory = "/var/run/secrets/kubernetes.io/serviceaccount"

/** The cluster that the pod runs in, by its environment; undefined outside of one. */
export function inClusterConfig(env: Readonly<Record<string, string | undefined>>): ClusterConfig | undefined {
  const host = env.KUBERNETES_SERVICE_HOST
  const port = env.KUBERNETES_SERVICE_PORT
  if (!host || !port) return undefined
  return {
    server: `https://${hostPort(host, port)}`,
    namespace: env.POD_NAMESPACE ?? "default",
    certificateAuthority: { kind: "file", path: `${serviceAccountDirectory}/ca.crt` },
    token: { kind: "file", path: `${serviceAccountDirectory}/token` },
  }
}
