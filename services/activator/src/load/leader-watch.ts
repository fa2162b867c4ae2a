import { Lease } from "@wick/sdk/api/coordination/lease"
import type { Client } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import { createInformer } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import { autoscalerLease } from "@wick/sdk/wire"

/**
 * Calls back whenever the autoscaler's Lease has gone to another: a host that was frozen or cut off does not close its
 * streams, and to wait until they are found dead takes longer than to be told who leads now.
 */
export function watchLeader(client: Client, clock: Clock, log: Log, moved: () => void): AsyncDisposable {
  const { namespace, name } = autoscalerLease
  const informer = createInformer(client, Lease, { namespace, fieldSelector: `metadata.name=${name}` }, clock, log)
  informer.onChange(({ before, after }) => {
    const holder = after?.spec?.holderIdentity
    if (before && holder && holder !== before.spec?.holderIdentity) moved()
  })
  return informer
}
