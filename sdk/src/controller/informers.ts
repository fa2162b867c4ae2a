import type { Kind, KindOf } from "../api/kind.ts"
import type { Client } from "../client/client.ts"
import { listPath } from "../client/create-client.ts"
import type { Clock } from "../clock/index.ts"
import type { Log } from "../telemetry/log.ts"
import { createInformer, type InformerOptions, type LiveInformer } from "./create-informer.ts"
import type { Informer } from "./informer.ts"

/**
 * The informers of one process, shared: whoever asks for the same kind and selection gets the same cache and the same
 * watch. Indexes of all askers are joined. Disposing of the set ends them all; nobody disposes of a single one.
 */
export interface Informers extends AsyncDisposable {
  <K extends Kind>(kind: K, options?: InformerOptions<KindOf<K>>): Informer<K>
}

export function createInformers(client: Client, clock: Clock, log: Log): Informers {
  const known = new Map<string, LiveInformer<Kind>>()
  const informers = <K extends Kind>(kind: K, options: InformerOptions<KindOf<K>> = {}): Informer<K> => {
    const { indexes: _, trim, ...selecting } = options
    const key = listPath(kind, selecting) + (trim ? " trimmed" : "")
    const shared = known.get(key) as LiveInformer<K> | undefined
    if (shared) {
      shared.addIndexes(options.indexes)
      return shared
    }
    const informer = createInformer(client, kind, options, clock, log)
    known.set(key, informer as unknown as LiveInformer<Kind>)
    return informer
  }
  const dispose = async (): Promise<void> => {
    await Promise.all([...known.values()].map((informer) => informer[Symbol.asyncDispose]()))
    known.clear()
  }
  return Object.assign(informers, { [Symbol.asyncDispose]: dispose })
}
