import type { Kind, KindOf, NewOf, ObjectMeta } from "@wick/sdk/api"
import { isStatus } from "@wick/sdk/api"
import type { Client, WriteOptions } from "@wick/sdk/client"
import type { Clock } from "@wick/sdk/clock"
import type { EventRecorder, Informers, Shares } from "@wick/sdk/controller"
import type { Log } from "@wick/sdk/log"
import type { Metrics } from "@wick/sdk/metrics"
import type { ConfigSource } from "@wick/sdk/serving-config"
import { type TraceContext, type Tracing, traceparentOf } from "@wick/sdk/tracing"
import { sameJson } from "../same-json.ts"
import type { Registries } from "./revision/resolver.ts"

/** What every reconciler is handed. */
export interface Context {
  readonly client: Client
  readonly informers: Informers
  readonly config: ConfigSource
  readonly registries: Registries
  /** What happens to objects, for those who describe them. */
  readonly events: EventRecorder
  readonly clock: Clock
  readonly log: Log
  /** Where loops tell how they do; nowhere unless given. */
  readonly metrics?: Metrics | undefined
  /** Which objects are this controller's to reconcile, where several share them; all unless given. */
  readonly shares?: Shares | undefined
  /** What a traced change of an object leads to is traced with it. */
  readonly tracing?: Pick<Tracing, "tracer"> | undefined
}

/** What all loops have of it, beside their name and their work. */
export function loopParts({ clock, log, metrics, shares }: Context) {
  return { clock, log, metrics, metricNames: "knative", shares } as const
}

/** Creates a child. One that is there already is no trouble: the cache had not seen it yet and will soon. */
export async function createChild<K extends Kind>(
  { client }: Context,
  kind: K,
  object: NewOf<K>,
  options: WriteOptions = {},
): Promise<KindOf<K> | undefined> {
  try {
    return await client.create(kind, object, options)
  } catch (error) {
    if (isStatus(error, "AlreadyExists")) return undefined
    throw error
  }
}

/** Carries out a write that follows from what was changed, as part of the trace that this was part of. */
export async function causedBy<Result>(
  { tracing }: Context,
  cause: TraceContext | undefined,
  name: string,
  { metadata: { name: of, namespace = "" } }: { readonly metadata: ObjectMeta },
  write: (options: WriteOptions) => Promise<Result>,
): Promise<Result> {
  const attributes = { "k8s.namespace.name": namespace, "kn.object.name": of ?? "" }
  const span = tracing?.tracer?.within(name, cause, { attributes })
  const context = span?.context ?? cause
  try {
    return await write(context ? { traceparent: traceparentOf(context) } : {})
  } catch (error) {
    span?.fail((error as Error).message)
    throw error
  } finally {
    span?.end()
  }
}

/** Writes a status when it says something new. */
export async function writeStatus<K extends Kind>(
  { client }: Pick<Context, "client">,
  kind: K,
  object: KindOf<K> & { status?: unknown },
  status: unknown,
): Promise<void> {
  if (sameJson(object.status, status)) return
  await client.updateStatus(kind, { ...object, status } as unknown as NewOf<K>)
}
