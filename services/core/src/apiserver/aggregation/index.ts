/**
 * API aggregation: which server answers for which version of a group. Versions that this server answers for itself have
 * an APIService that says so; those whose APIService names a Service are passed on to it, as kube-aggregator does: our
 * server authenticates, asks its own policy, and tells the other who asks, as a front proxy.
 *
 * Invariants: nobody but us says to an extension server who somebody is; a request that may have been seen is not sent
 * again; without an APIService that names a Service nothing of the proxy is loaded and nothing ticks.
 */
import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { APIService } from "@wick/sdk/api/apiregistration/api-service"
import { isStatus } from "@wick/sdk/api/meta/status-error"
import type { Client } from "@wick/sdk/client"
import { type Controller, createController, done, type Result } from "@wick/sdk/controller"
import type { Metrics } from "@wick/sdk/metrics"
import type { UserInfo } from "../authentication/user.ts"
import { parseObject } from "../object-bytes.ts"
import type { SwaggerDocument } from "../openapi-v2.ts"
import type { Server } from "../request-context.ts"
import type { ServedResource } from "../served-resource.ts"
import type { FrontProxyCredential } from "./extension-client.ts"
import { decide, type OwnVersion } from "./local-services.ts"
import { type Priority, priorityOf } from "./priority.ts"
import { aggregatedResources, type RemoteResource } from "./remote-discovery.ts"
import { indexEntry, type Part, withRemote } from "./remote-openapi.ts"
import type { Relayed, RemoteServers } from "./remote-servers.ts"
import { groupVersionOf, type Route, routeOf } from "./route.ts"

export type { FrontProxyCredential } from "./extension-client.ts"

export interface AggregatorOptions {
  readonly server: Server
  /** With all rights. */
  readonly client: Client
  readonly credential: FrontProxyCredential
  readonly metrics: Metrics
  /** What this server answers for itself, at this moment. */
  readonly own: () => readonly OwnVersion[]
}

/** A version of a group as discovery shows it. */
export interface RemoteVersion {
  readonly group: string
  readonly version: string
  readonly freshness: "Current" | "Stale"
  /** In the words of aggregated discovery. */
  readonly resources: readonly object[]
}

interface Known {
  readonly service: APIService
  readonly route: Route | undefined
  /** What its server said last. */
  resources: readonly RemoteResource[]
  isCurrent: boolean
}

export class Aggregator implements AsyncDisposable {
  readonly #options: AggregatorOptions
  /** By the name of the APIService, `version.group`. */
  readonly #known = new Map<string, Known>()
  readonly #registration: Controller
  #remote: Promise<RemoteServers> | undefined
  #unsubscribe: () => void = () => {}
  #isClosed = false

  constructor(options: AggregatorOptions) {
    this.#options = options
    const { clock, log } = options.server
    options.metrics.observed(
      "aggregator_unavailable_apiservice",
      "APIServices that are marked as unavailable, by their name.",
      () => [...this.#known].map(([name, { service }]) => ({ labels: { name }, value: isTrue(service) ? 0 : 1 })),
    )
    this.#registration = createController({
      name: "api-service-registration",
      clock,
      log,
      watches: [],
      reconcile: () => this.#register(),
    })
  }

  /** Resolves when every APIService that is stored is known. */
  async start(): Promise<void> {
    const { store } = this.#options.server
    const cache = store.cache(this.#resource())
    await cache.fresh()
    this.#known.clear()
    for (const { bytes } of cache.list()) this.#take(parseObject(bytes) as unknown as APIService)
    this.#unsubscribe = cache.subscribe(cache.revision, {
      onEvent: ({ before, after }) => {
        if (after) return this.#take(parseObject(after.bytes) as unknown as APIService)
        if (before) this.#drop(before.name)
      },
      onLost: () => {
        if (!this.#isClosed) void this.start().catch(() => {})
      },
    })
    this.#registration.wake("own")
  }

  /** What this server answers for itself may have changed. */
  ownChanged(): void {
    if (!this.#isClosed) this.#registration.wake("own")
  }

  /** The extension server that a path belongs to. */
  route(path: string): Route | undefined {
    const named = groupVersionOf(path)
    return named && this.#known.get(`${named.version}.${named.group}`)?.route
  }

  priority(group: string, version: string, custom: boolean): Priority {
    const spec = this.#known.get(`${version}.${group}`)?.service.spec
    if (!spec) return priorityOf(group, version, custom)
    return { group: spec.groupPriorityMinimum, version: spec.versionPriority }
  }

  /** Versions that others answer for. */
  remoteVersions(): RemoteVersion[] {
    return [...this.#known.values()].flatMap(({ route, resources, isCurrent }) => {
      if (!route) return []
      const { group, version } = route
      const freshness = isCurrent ? ("Current" as const) : ("Stale" as const)
      return [{ group, version, freshness, resources: aggregatedResources(group, version, resources) }]
    })
  }

  /** OpenAPI v3 documents of versions that others answer for, by their path; and of which versions we have none. */
  async openapiPaths(own: Readonly<Record<string, object>>): Promise<Readonly<Record<string, object>>> {
    const paths = { ...own }
    for (const { part, document } of await this.#documents("/openapi/v3")) {
      delete paths[`apis/${part.group}/${part.version}`]
      Object.assign(paths, indexEntry(part, document))
    }
    return paths
  }

  /** The OpenAPI v2 document of all, ours and others'. */
  async swagger(own: SwaggerDocument): Promise<SwaggerDocument> {
    const others = await this.#documents("/openapi/v2")
    return others.length === 0 ? own : withRemote(own, others)
  }

  async relay(relayed: Relayed): Promise<Response> {
    return (await this.#servers()).relay(relayed)
  }

  async upgrade(
    route: Route,
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    user: UserInfo,
    peerAddress: string,
  ): Promise<void> {
    return (await this.#servers()).upgrade(route, incoming, socket, head, user, peerAddress)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    this.#unsubscribe()
    await this.#registration[Symbol.asyncDispose]()
    await (await this.#remote)?.[Symbol.asyncDispose]()
  }

  async #documents(path: string): Promise<{ part: Part; document: unknown }[]> {
    const routes = [...this.#known.values()].flatMap(({ route }) => route ?? [])
    if (routes.length === 0) return []
    const servers = await this.#servers()
    return Promise.all(
      routes.map(async (route) => ({
        part: route,
        document: route.isAvailable ? await servers.document(route, path) : undefined,
      })),
    )
  }

  #take(service: APIService): void {
    const { name } = service.metadata
    const before = this.#known.get(name)
    const route = routeOf(service)
    const { resources = [], isCurrent = false } = before?.route && route ? before : {}
    this.#known.set(name, { service, route, resources, isCurrent })
    const isSame = before && JSON.stringify(before.service.spec) === JSON.stringify(service.spec)
    // Its condition is written by who looks at it: that is no reason to look again.
    if (!isSame && (route || before?.route || !isTrue(service))) void this.#look(name)
  }

  #drop(name: string): void {
    const before = this.#known.get(name)
    this.#known.delete(name)
    if (before?.route) void this.#look(name)
    this.ownChanged()
  }

  async #look(name: string): Promise<void> {
    if (!this.#isClosed) (await this.#servers()).wake(name)
  }

  #servers(): Promise<RemoteServers> {
    const { server, client, credential, metrics } = this.#options
    this.#remote ??= import("./remote-servers.ts").then(
      (loaded) =>
        new loaded.RemoteServers({
          server,
          client,
          credential,
          unavailable: metrics.counter(
            "aggregator_unavailable_apiservice_total",
            "How often an APIService became unavailable, by its name and why.",
          ),
          find: (name) => this.#known.get(name)?.service,
          leadingTo: (service) => this.#leadingTo(service),
          onDiscovered: (name, resources) => this.#discovered(name, resources),
        }),
    )
    return this.#remote
  }

  #leadingTo(service: string): string[] {
    return [...this.#known.values()].flatMap(({ route }) =>
      route && `${route.service.namespace}/${route.service.name}` === service ? [route.name] : [],
    )
  }

  #discovered(name: string, resources: readonly RemoteResource[] | undefined): void {
    const known = this.#known.get(name)
    if (!known) return
    known.isCurrent = resources !== undefined
    if (resources) known.resources = resources
  }

  async #register(): Promise<Result> {
    const { client, own } = this.#options
    const steps = decide(
      own(),
      [...this.#known.values()].map(({ service }) => service),
    )
    await Promise.all(
      steps.map(async (step) => {
        try {
          if (step.kind === "create") await client.create(APIService, step.object)
          else if (step.kind === "update") await client.update(APIService, step.object)
          else await client.delete(APIService, { name: step.name })
        } catch (error) {
          if (!isStatus(error, "AlreadyExists", "NotFound")) throw error
        }
      }),
    )
    return done
  }

  #resource(): ServedResource {
    const { group, version, plural } = APIService
    const found = this.#options.server.registry.find(group, version, plural)
    if (!found) throw new Error("apiservices are not served")
    return found
  }
}

function isTrue({ status }: APIService): boolean {
  return status?.conditions?.some(({ type, status: is }) => type === "Available" && is === "True") ?? false
}
