import type { Credential } from "./certificate.ts"
import { writeSecretFile } from "./secret-file.ts"

export interface KubeconfigOptions {
  /** Cluster, context and user entries are named so that they can be merged with those of other clusters. */
  readonly cluster: string
  readonly server: string
  /** All servers of the cluster: our own clients go on with another when one is lost, kubectl passes over the list. */
  readonly servers?: readonly string[]
  readonly authorityPem: string
  readonly user: { readonly name: string } & ({ readonly credential: Credential } | { readonly token: string })
  readonly namespace?: string
}

/** A kubeconfig with everything in it, so that the one file can be copied. */
export function kubeconfigText(options: KubeconfigOptions): string {
  const { cluster, server, authorityPem, user, namespace = "default" } = options
  const userName = JSON.stringify(`${user.name}@${cluster}`)
  const login =
    "token" in user
      ? [`    token: ${JSON.stringify(user.token)}`]
      : [
          `    client-certificate-data: ${base64(user.credential.certificatePem)}`,
          `    client-key-data: ${base64(user.credential.privateKeyPem)}`,
        ]
  const lines = [
    "apiVersion: v1",
    "kind: Config",
    "clusters:",
    `- name: ${JSON.stringify(cluster)}`,
    "  cluster:",
    `    server: ${JSON.stringify(server)}`,
    `    certificate-authority-data: ${base64(authorityPem)}`,
    ...(options.servers ? extension(options.servers) : []),
    "users:",
    `- name: ${userName}`,
    "  user:",
    ...login,
    "contexts:",
    `- name: ${JSON.stringify(cluster)}`,
    "  context:",
    `    cluster: ${JSON.stringify(cluster)}`,
    `    user: ${userName}`,
    `    namespace: ${JSON.stringify(namespace)}`,
    `current-context: ${JSON.stringify(cluster)}`,
    "preferences: {}",
  ]
  return `${lines.join("\n")}\n`
}

function extension(servers: readonly string[]): string[] {
  const list = JSON.stringify({ servers })
  return ["    extensions:", "    - name: wick.dev/servers", `      extension: ${list}`]
}

/** Written whole or not at all, readable by its owner only: the file is as good as a password. */
export async function writeKubeconfig(path: string, options: KubeconfigOptions): Promise<void> {
  await writeSecretFile(path, kubeconfigText(options))
}

function base64(text: string): string {
  return Buffer.from(text).toString("base64")
}
