import type { Pod } from "@wick/sdk/api/core/pod"
import type { ServiceAccount } from "@wick/sdk/api/core/service-account"
import type { AnyObject } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import type { Clock, Random } from "@wick/sdk/clock"
import type { Storage } from "#store"
import type { AdmissionAttributes, AdmissionStep } from "./step.ts"
import { coreKey, readCoreObject } from "./stored-object.ts"
import { withToken } from "./token-volume.ts"

export interface ServiceAccountAdmissionOptions {
  readonly storage: Storage
  readonly clock: Clock
  readonly random: Random
}

/** A pod made right after its namespace comes before the namespace's account, which a controller makes. */
const waitForAccountMs = 2_000
/** Pods that a node made by itself; the API only shows them. */
const mirrorAnnotation = "kubernetes.io/config.mirror"

/** Gives every pod a service account, that account's token as a volume, and its secrets for pulling images. */
export function createServiceAccountAdmission(options: ServiceAccountAdmissionOptions): AdmissionStep {
  return {
    name: "ServiceAccount",
    mutate: async (attributes) => {
      const { operation, group, resource, subresource, object, namespace } = attributes
      if (operation !== "CREATE" || group !== "" || resource !== "pods" || subresource !== "") return object
      const pod = object as unknown as Pod
      if (pod.metadata.annotations?.[mirrorAnnotation] !== undefined) return object
      const accountName = pod.spec.serviceAccountName || pod.spec.serviceAccount || "default"
      const account = await accountOf(options, namespace, accountName)
      if (account === undefined) throw noAccount(attributes, accountName)
      return withAccount(pod, account, options.random) as unknown as AnyObject
    },
  }
}

/** Pure: the pod as it runs as `account`. */
export function withAccount(pod: Pod, account: ServiceAccount, random: Random): Pod {
  const { name } = account.metadata
  const spec = {
    ...pod.spec,
    serviceAccountName: name,
    serviceAccount: name,
    ...(!pod.spec.imagePullSecrets?.length &&
      account.imagePullSecrets?.length && { imagePullSecrets: account.imagePullSecrets }),
  }
  const automount = pod.spec.automountServiceAccountToken ?? account.automountServiceAccountToken ?? true
  return { ...pod, spec: automount ? withToken(spec, random) : spec }
}

async function accountOf(
  { storage, clock }: ServiceAccountAdmissionOptions,
  namespace: string,
  name: string,
): Promise<ServiceAccount | undefined> {
  const found = await readCoreObject<ServiceAccount>(storage, "serviceaccounts", namespace, name)
  if (found !== undefined || name !== "default") return found
  await appearance(storage, clock, coreKey("serviceaccounts", namespace, name))
  return readCoreObject<ServiceAccount>(storage, "serviceaccounts", namespace, name)
}

/** Resolves when the key is written, or after the longest time that a request should wait for that. */
function appearance(storage: Storage, clock: Clock, key: string): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      watch.close()
      timer.cancel()
      resolve()
    }
    const timer = clock.timer(waitForAccountMs, done)
    // From now on: what was written before this watch began is seen by one more read after it.
    const watch = storage.watch({ key }, { onBatch: ({ events }) => events.length > 0 && done(), onEnd: done })
    void storage.range({ key, countOnly: true }).then(({ count }) => count > 0 && done(), done)
  })
}

function noAccount({ name, namespace }: AdmissionAttributes, account: string): StatusError {
  const why = `error looking up service account ${namespace}/${account}: serviceaccount "${account}" not found`
  return new StatusError("Forbidden", `pods "${name}" is forbidden: ${why}`, { name, kind: "pods" })
}
