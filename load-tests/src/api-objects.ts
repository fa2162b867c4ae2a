import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { ClusterRoleBinding } from "@wick/sdk/api/rbac/cluster-role-binding"
import { namespace, type Platform } from "./platform.ts"

/** Name of the account that load is made with, and the beginning of its objects' names. */
export const name = "load-api"
export const labels = { "wick.dev/load": "api" }
export const labelSelector = "wick.dev/load=api"
const writesTogether = 64

/** Creates `count` ConfigMaps with a value of `bytes`, some at a time. */
export async function createMany({ client }: Platform, count: number, bytes: number): Promise<void> {
  const data = { text: "y".repeat(bytes) }
  for (let at = 0; at < count; at += writesTogether) {
    const batch = Array.from({ length: Math.min(writesTogether, count - at) }, (_, index) =>
      client.create(ConfigMap, { metadata: { name: `${name}-${at + index}`, namespace, labels }, data }),
    )
    await Promise.all(batch)
  }
}

/** A token of an account that may do everything, for clients that know no certificates. */
export async function administratorToken({ client }: Platform): Promise<string> {
  await client.create(ServiceAccount, { metadata: { name, namespace } })
  await client.create(ClusterRoleBinding, {
    metadata: { name },
    roleRef: { apiGroup: "rbac.authorization.k8s.io", kind: "ClusterRole", name: "cluster-admin" },
    subjects: [{ kind: "ServiceAccount", name, namespace }],
  })
  const response = await client.request(`/api/v1/namespaces/${namespace}/serviceaccounts/${name}/token`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ apiVersion: "authentication.k8s.io/v1", kind: "TokenRequest", spec: {} }),
  })
  return ((await response.json()) as { status: { token: string } }).status.token
}

/** The ConfigMaps of this run or of an interrupted one before it. */
export async function removeObjects({ client }: Platform): Promise<void> {
  const selector = encodeURIComponent(labelSelector)
  await client.request(`/api/v1/namespaces/${namespace}/configmaps?labelSelector=${selector}`, { method: "DELETE" })
}

/** What this run or an interrupted one before it has made. */
export async function removeAll(platform: Platform): Promise<void> {
  const { client } = platform
  const removals = [
    removeObjects(platform),
    client.delete(ClusterRoleBinding, { name }),
    client.delete(ServiceAccount, { name, namespace }),
  ]
  await Promise.allSettled(removals)
}
