import { isStatus, type Kind, type KindOf } from "@wick/sdk/api"
import { Secret } from "@wick/sdk/api/core/secret"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import type { Revision } from "@wick/sdk/api/serving/revision"
import type { Client } from "@wick/sdk/client"
import { credentialsFor, type RegistryCredentials } from "@wick/sdk/oci/pull-credentials"

const accountDefault = "default"

/** What the pods of a revision would show to an image's registry: their own pull secrets and their account's. */
export async function pullCredentials(
  client: Client,
  revision: { metadata: Revision["metadata"]; spec: Pick<Revision["spec"], "imagePullSecrets" | "serviceAccountName"> },
  image: string,
): Promise<RegistryCredentials[]> {
  const { namespace = "" } = revision.metadata
  const { imagePullSecrets = [], serviceAccountName } = revision.spec
  const account = await found(client, ServiceAccount, serviceAccountName || accountDefault, namespace)
  const named = [...imagePullSecrets, ...(account?.imagePullSecrets ?? [])].flatMap(({ name }) => (name ? [name] : []))
  const secrets = await Promise.all([...new Set(named)].map((name) => found(client, Secret, name, namespace)))
  return credentialsFor(
    image,
    secrets.filter((secret) => secret !== undefined),
  )
}

/** One that is missing opens nothing, as it does for pods. */
async function found<K extends Kind>(
  client: Client,
  kind: K,
  name: string,
  namespace: string,
): Promise<KindOf<K> | undefined> {
  try {
    return await client.get(kind, { name, namespace })
  } catch (error) {
    if (isStatus(error, "NotFound")) return undefined
    throw error
  }
}
