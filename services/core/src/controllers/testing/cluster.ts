import { Namespace } from "@wick/sdk/api/core/namespace"
import type { Kind, KindOf } from "@wick/sdk/api/kind"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import { type Client, createClient, type Fetch, type FetchWrapper } from "@wick/sdk/client"
import { seededRandom, systemClock } from "@wick/sdk/clock"
import { createInformers, type Informer, type Informers } from "@wick/sdk/controller"
import { type Log, silentLog } from "@wick/sdk/log"
import type { Tracing } from "@wick/sdk/tracing"
import { startTestApi } from "../../apiserver/testing/start.ts"
import { startScheduler } from "../../scheduler/index.ts"
import { startControllers } from "../index.ts"
import { createNode, playKubelet } from "./kubelet.ts"

export interface TestCluster extends AsyncDisposable {
  readonly client: Client
  readonly informers: Informers
  /** Writes that the controllers and the scheduler have sent, `METHOD path`. */
  readonly writes: string[]
  /** Pods become ready only while this is true. */
  ready: boolean
  /** Another scheduler and set of controllers, as after a restart, beside those that run. */
  startLoops(): AsyncDisposable
}

export interface TestClusterOptions {
  readonly nodes?: number
  /** Stands between the loops and the API. */
  readonly through?: FetchWrapper
  /** The loops trace what they do, and the API what has caused it. */
  readonly tracing?: Pick<Tracing, "tracer">
  /** What the loops say. */
  readonly log?: Log
}

const namespaceNames = ["default", "kube-system", "kube-node-lease"]

/**
 * The API server on a store in memory, our scheduler and controllers, and a node whose kubelet is played: what is bound
 * runs at once and is ready, what is deleted ends at once.
 */
export async function startTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const running = new AsyncDisposableStack()
  const api = running.use(await startTestApi({ notesCauses: options.tracing !== undefined }))
  const { client } = api
  for (const name of namespaceNames) {
    await client.create(Namespace, { metadata: { name } }).catch((error: unknown) => {
      if (!isStatus(error, "AlreadyExists")) throw error
    })
  }
  for (let i = 1; i <= (options.nodes ?? 1); i++) await createNode(client, `node-${i}`)
  const writes: string[] = []
  const through = options.through ?? ((next) => next)
  const direct = through(api.server.fetchAs({ name: "system:controllers", groups: ["system:masters"] }))
  const fetch: Fetch = (request) => {
    const { pathname } = new URL(request.url)
    if (request.method !== "GET" && !pathname.includes("/events")) writes.push(`${request.method} ${pathname}`)
    return direct(request)
  }
  const startLoops = (): AsyncDisposable => {
    const loops = new AsyncDisposableStack()
    const client = createClient({ fetch })
    const informers = loops.use(createInformers(client, systemClock, silentLog))
    const { log = silentLog, tracing } = options
    const context = { client, informers, clock: systemClock, random: seededRandom(1), log, tracing }
    loops.use(startControllers(context))
    loops.use(startScheduler(context))
    return loops
  }
  const informers = running.use(createInformers(client, systemClock, silentLog))
  const dispose = (): Promise<void> => running.disposeAsync()
  const cluster = { client, informers, writes, ready: true, startLoops, [Symbol.asyncDispose]: dispose }
  running.use(playKubelet(cluster))
  running.use(startLoops())
  return cluster
}

/** Resolves when the condition holds, looked at after every change of the informer's objects. */
export function until<K extends Kind>(
  informer: Informer<K>,
  condition: (objects: KindOf<K>[]) => boolean,
): Promise<void> {
  return new Promise((resolve) => {
    let undo: (() => void) | undefined
    const look = (): void => {
      if (!condition(informer.list())) return
      undo?.()
      resolve()
    }
    undo = informer.onChange(look)
    look()
  })
}

/** Resolves when all that was set in motion has come to rest: for some turns nothing was written. */
export async function atRest(cluster: TestCluster): Promise<void> {
  for (let quiet = 0, seen = -1; quiet < 40; quiet++) {
    if (cluster.writes.length !== seen) quiet = 0
    seen = cluster.writes.length
    await new Promise((resolve) => setImmediate(resolve))
  }
}
