import { ConfigMap } from "@wick/sdk/api/core/config-map"
import { Namespace } from "@wick/sdk/api/core/namespace"
import { ServiceAccount } from "@wick/sdk/api/core/service-account"
import { isNamespaceTerminating, isStatus } from "@wick/sdk/api/meta/status-error"
import { createController, done, type Informer, type Result, subject, watchOf } from "@wick/sdk/controller"
import type { ControllerContext } from "../context.ts"

const accountName = "default"
/** Where pods find the certificate authority that the API server's certificate comes from. */
const authorityName = "kube-root-ca.crt"
const authorityKey = "ca.crt"

export interface ServiceAccountContext extends ControllerContext {
  /** PEM of the certificate authority; absent where nobody needs it (an API server without TLS). */
  readonly certificateAuthority?: string | undefined
}

/** Gives every namespace what its pods need to speak to the API: a default account and the certificate authority. */
export function startServiceAccounts(context: ServiceAccountContext): AsyncDisposable {
  const { clock, informers, log, metrics } = context
  const namespaces = informers(Namespace)
  const accounts = informers(ServiceAccount)
  const maps = informers(ConfigMap, { fieldSelector: `metadata.name=${authorityName}` })
  const inNamespace = ({ metadata }: { metadata: { namespace?: string | undefined } }): string[] =>
    metadata.namespace ? [metadata.namespace] : []
  return createController({
    name: "serviceaccount-controller",
    clock,
    log,
    metrics,
    watches: [
      watchOf(namespaces, ({ after }) => (after ? [after.metadata.name] : [])),
      watchOf(accounts, ({ before, after }) => (before && !after ? inNamespace(before) : [])),
      // Somebody else may have been faster to make one.
      watchOf(maps, (change) =>
        change.after?.data?.[authorityKey] === context.certificateAuthority ? [] : inNamespace(subject(change)),
      ),
    ],
    reconcile: (name) => provide(context, { namespaces, accounts, maps }, name),
  })
}

interface Caches {
  readonly namespaces: Informer<typeof Namespace>
  readonly accounts: Informer<typeof ServiceAccount>
  readonly maps: Informer<typeof ConfigMap>
}

async function provide(
  { client, certificateAuthority }: ServiceAccountContext,
  { namespaces, accounts, maps }: Caches,
  namespace: string,
): Promise<Result> {
  const found = namespaces.get(namespace)
  if (!found || found.metadata.deletionTimestamp !== undefined || found.status?.phase === "Terminating") return done
  if (!accounts.get(accountName, namespace)) {
    await ensured(client.create(ServiceAccount, { metadata: { name: accountName, namespace } }))
  }
  if (certificateAuthority === undefined) return done
  const data = { [authorityKey]: certificateAuthority }
  const map = maps.get(authorityName, namespace)
  if (!map) await ensured(client.create(ConfigMap, { metadata: { name: authorityName, namespace }, data }))
  else if (map.data?.[authorityKey] !== certificateAuthority) await client.update(ConfigMap, { ...map, data })
  return done
}

/** It is there now, whoever made it. A namespace that is being deleted takes nothing more, and needs nothing more. */
async function ensured(creation: Promise<unknown>): Promise<void> {
  try {
    await creation
  } catch (error) {
    if (!isStatus(error, "AlreadyExists", "NotFound") && !isNamespaceTerminating(error)) throw error
  }
}
