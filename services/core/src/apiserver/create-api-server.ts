import type { IncomingMessage } from "node:http"
import type { Duplex } from "node:stream"
import { CustomResourceDefinition } from "@wick/sdk/api/apiextensions/custom-resource-definition"
import { ComponentStatus } from "@wick/sdk/api/core/component-status"
import type { Face } from "@wick/sdk/api/face"
import type { AnyObject, Kind } from "@wick/sdk/api/kind"
import { StatusError } from "@wick/sdk/api/meta/status-error"
import { openapiSchema } from "@wick/sdk/api/openapi"
import { type Client, createClient, type Fetch } from "@wick/sdk/client"
import type { Clock, Random } from "@wick/sdk/clock"
import type { Log } from "@wick/sdk/log"
import { createMetrics, type Metrics } from "@wick/sdk/metrics"
import type { Storage } from "#store"
import type { AdmissionStep } from "./admission/step.ts"
import { createWebhookTransport, type WebhookTransport } from "./admission/webhook/transport.ts"
import { Aggregator, type FrontProxyCredential } from "./aggregation/index.ts"
import { compressAnswer, encodeAnswer } from "./answer-encoding.ts"
import { annotate } from "./audit/annotations.ts"
import type { UserInfo } from "./authentication/user.ts"
import { type Decision, refusalText } from "./authorization/authorize.ts"
import type { Action } from "./authorization/rule.ts"
import { componentStatuses } from "./component-statuses.ts"
import type { WebhookCalls } from "./conversion/webhook-conversion.ts"
import { decodeBody } from "./decode-body.ts"
import { DefinitionKeeper } from "./definition-keeper.ts"
import { Discovery } from "./discovery.ts"
import { createFairness, type Fairness, NoSeatError, type Seat, type Sorted } from "./fairness/index.ts"
import { FlowControlKeeper } from "./fairness/keeper.ts"
import { seatsOf } from "./fairness/work-estimate.ts"
import type { HealthCheck } from "./health.ts"
import { FutureVersionError } from "./list-revision.ts"
import type { Peer } from "./listen/peer.ts"
import { answerForm, type Encoding } from "./negotiation.ts"
import type { NodeProxy } from "./node-proxy.ts"
import { ObjectStore } from "./object-store.ts"
import { isRelayed, relayed } from "./relayed-response.ts"
import { checkWriteOptions, type RequestContext, type Server } from "./request-context.ts"
import { deadlineOf, within } from "./request-deadline.ts"
import { actionOf, parseRequest, type RequestInfo, type ResourceRequest } from "./request-info.ts"
import { RequestMetrics } from "./request-metrics.ts"
import { targetOf } from "./request-target.ts"
import { metricsResources } from "./resource-metrics/index.ts"
import { ResourceRegistry } from "./resource-registry.ts"
import { errorResponse, jsonResponse } from "./respond.ts"
import { handleResource } from "./router.ts"
import { builtinResource, faceResource, type ServedResource } from "./served-resource.ts"
import { strategies } from "./strategy/strategies.ts"
import { upgradeResource } from "./subresource/upgrade.ts"
import { answerPath, type Unversioned } from "./unversioned-paths.ts"
import type { VirtualResource } from "./virtual-resource.ts"
import { warningHeaders } from "./warning/index.ts"

export interface ApiServerOptions {
  readonly storage: Storage
  readonly kinds: readonly Kind[]
  /** Further names of stored kinds. */
  readonly faces?: readonly Face[]
  readonly virtual: readonly VirtualResource[]
  readonly admission: readonly AdmissionStep[]
  readonly authorize: (user: UserInfo, action: Action) => Decision
  readonly nodeProxy: NodeProxy
  /** Whether objects say which traced write has changed them, for those who trace what comes of it. */
  readonly notesCauses?: boolean
  readonly serviceCidr: string
  /** Absent: APIServices are stored and lead nowhere. */
  readonly frontProxy?: FrontProxyCredential
  /** `gitVersion` of /version. */
  readonly version: string
  /** Documents about the issuer of tokens, by path. */
  readonly issuer?: (path: string) => Response | undefined
  /** What else has to be well for this server to be ready. */
  readonly healthChecks?: readonly HealthCheck[]
  readonly clock: Clock
  readonly random: Random
  readonly log: Log
  /** What /metrics shows; absent: the server's own only. */
  readonly metrics?: Metrics
}

export interface ApiServer extends AsyncDisposable {
  /** Answers a request of somebody who has been authenticated. */
  handle(request: Request, user: UserInfo, peer?: Pick<Peer, "address">): Promise<Response>
  /** The API for a part of the same process: no socket, no token. */
  fetchAs(user: UserInfo): Fetch
  /** Takes over a connection that asks for exec, attach or port-forward. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer, user: UserInfo, peer?: Pick<Peer, "address">): void
  /** Resolves when everything stored is served. */
  readonly ready: Promise<void>
}

/** A request, and all that is known of it before it is answered. */
interface Asked {
  readonly request: Request
  readonly url: URL
  readonly info: RequestInfo
  readonly user: UserInfo
  readonly peerAddress: string
}

/** A part of this process has no address. */
const inProcess = { address: "" }

/** The server's own identity, for what it writes itself. */
const self: UserInfo = { name: "system:apiserver", groups: ["system:masters"] }

export function createApiServer(options: ApiServerOptions): ApiServer {
  return new FetchApiServer(options)
}

class FetchApiServer implements ApiServer {
  readonly ready: Promise<void>
  readonly #options: ApiServerOptions
  readonly #server: Server
  readonly #unversioned: Unversioned
  readonly #measured: RequestMetrics
  readonly #fairness: Fairness
  readonly #flowControl: FlowControlKeeper
  readonly #definitions: DefinitionKeeper
  readonly #aggregator: Aggregator | undefined
  #transport: WebhookTransport | undefined
  #isReady = false

  constructor(options: ApiServerOptions) {
    this.#options = options
    const registry = new ResourceRegistry()
    const metrics = options.metrics ?? createMetrics()
    this.#measured = new RequestMetrics(metrics)
    this.#fairness = createFairness({ clock: options.clock, metrics })
    const store = new ObjectStore(options.storage, options.clock)
    const { admission, nodeProxy, clock, random, log } = options
    this.#server = {
      registry,
      store,
      admission,
      nodeProxy,
      notesCauses: options.notesCauses ?? false,
      clock,
      random,
      log,
      strategies: strategies({ store, registry, serviceCidr: options.serviceCidr }),
    }
    for (const kind of options.kinds) {
      const { schema, components } = openapiSchema(kind)
      registry.add(builtinResource(kind, schema, components))
    }
    for (const face of options.faces ?? []) {
      const { group, version, plural } = face.stored
      const stored = registry.find(group, version, plural)
      const { schema, components } = openapiSchema(face.kind)
      if (stored) registry.add(faceResource(face, stored, schema, components))
    }
    const ping: HealthCheck = { name: "ping", isWell: () => true }
    const ready = [
      ping,
      { name: "custom-resource-definitions", isWell: () => this.#isReady },
      ...(options.healthChecks ?? []),
    ]
    const statuses = openapiSchema(ComponentStatus)
    const served = builtinResource(ComponentStatus as unknown as Kind, statuses.schema, statuses.components)
    registry.add({ ...served, computed: () => componentStatuses(ready) })
    const client = createClient({ fetch: this.fetchAs(self) })
    this.#aggregator = options.frontProxy && this.#aggregation(options.frontProxy, client, metrics)
    for (const resource of metricsResources(this.#server)) registry.add(resource)
    this.#unversioned = {
      registry,
      others: this.#aggregator,
      discovery: new Discovery(registry, options.virtual, this.#aggregator),
      metrics,
      version: options.version,
      live: [ping],
      ready,
      issuer: options.issuer ?? (() => undefined),
    }
    this.#flowControl = new FlowControlKeeper(this.#server, this.#fairness, this.fetchAs(self))
    const { components } = openapiSchema(CustomResourceDefinition)
    this.#definitions = new DefinitionKeeper(this.#server, client, components, () => this.#webhookCalls())
    this.ready = this.#start()
  }

  async #start(): Promise<void> {
    const { group, version, plural } = CustomResourceDefinition
    const definitions = this.#server.registry.find(group, version, plural)
    await Promise.all([definitions && this.#definitions.start(definitions), this.#flowControl.start()])
    await this.#aggregator?.start()
    this.#isReady = true
  }

  #aggregation(credential: FrontProxyCredential, client: Client, metrics: Metrics): Aggregator {
    const { registry } = this.#server
    const own = new Discovery(registry, this.#options.virtual)
    const aggregator = new Aggregator({ server: this.#server, client, credential, metrics, own: () => own.own() })
    registry.onChange = () => {
      if (this.#isReady) aggregator.ownChanged()
    }
    return aggregator
  }

  /** Few clusters have a conversion webhook: connections are made for the first. */
  #webhookCalls(): WebhookCalls {
    this.#transport ??= createWebhookTransport(this.#options.clock)
    return { storage: this.#options.storage, transport: this.#transport }
  }

  fetchAs(user: UserInfo): Fetch {
    return (request) => this.handle(request, user)
  }

  async handle(request: Request, user: UserInfo, peer: Pick<Peer, "address"> = inProcess): Promise<Response> {
    const { clock, log } = this.#options
    const start = clock.monotonic()
    const { url, info } = targetOf(request)
    let response: Response
    let sorted: Sorted | undefined
    try {
      const deadlineMs = deadlineOf(info, url)
      const seat = await this.#seat(info, user, () => request.signal, deadlineMs)
      sorted = seat.sorted
      const left = deadlineMs === undefined ? undefined : deadlineMs - (clock.monotonic() - start)
      const asked: Asked = { request, url, info, user, peerAddress: peer.address }
      response = await this.#seated(seat, within(this.#answer(asked), left, clock))
    } catch (error) {
      response = errorResponse(error)
      if (response.status === 403) annotate(request, "authorization.k8s.io/decision", "forbid")
      if (error instanceof NoSeatError) sorted = error.sorted
      // What a client has heard of the future is no fault of the server, though it is answered like one.
      const isOurs = response.status >= 500 && !(error instanceof FutureVersionError)
      if (isOurs) log.error("request failed", { method: request.method, path: url.pathname, error })
    }
    response = await this.#encoded(request, info, response)
    // What another server has answered is passed on as it is.
    if (sorted && !(info.kind === "resource" && info.subresource === "proxy")) tellSorted(response, sorted)
    this.#measured.observe(info, this.#isServed(info), response.status, (clock.monotonic() - start) / 1_000)
    return response
  }

  /** The answer as the client wants it written, whether it is an object, a list or an error. */
  async #encoded(request: Request, info: RequestInfo, response: Response): Promise<Response> {
    if (info.kind !== "resource" || info.verb === "watch" || isRelayed(response)) return response
    const accept = request.headers.get("accept") ?? ""
    const encoding = /yaml|protobuf/.test(accept) ? this.#encodingOf(accept, info) : "json"
    const encoded = encoding === "json" ? response : await encodeAnswer(response, encoding)
    const squeezed = info.verb === "get" || info.verb === "list" ? request.headers.get("accept-encoding") : null
    return squeezed === null ? encoded : compressAnswer(encoded, squeezed)
  }

  #encodingOf(accept: string, info: ResourceRequest): Encoding {
    const custom = this.#server.registry.find(info.group, info.version, info.resource)?.custom ?? false
    try {
      return answerForm(accept, info.query, { custom, stream: false }).encoding
    } catch {
      // Nothing that the client takes is served: it hears so in JSON.
      return "json"
    }
  }

  #seat(info: RequestInfo, user: UserInfo, signal: () => AbortSignal, waitMs?: number): Seat | Promise<Seat> {
    return this.#fairness.enter(user, actionOf(info), { width: this.#width(info), signal, waitMs })
  }

  /** A watch or a log holds its seat until it has begun, however long it lasts; what takes too long gives it back. */
  async #seated(seat: Seat, answer: Promise<Response>): Promise<Response> {
    try {
      return await answer
    } finally {
      seat.leave()
    }
  }

  #width(info: RequestInfo): number {
    if (info.kind === "path") return 1
    return seatsOf(info, () => {
      const resource = this.#server.registry.find(info.group, info.version, info.resource)
      return resource ? this.#server.store.count(resource) : 0
    })
  }

  #isServed(info: RequestInfo): boolean {
    return info.kind === "resource" && this.#server.registry.find(info.group, info.version, info.resource) !== undefined
  }

  async #answer(asked: Asked): Promise<Response> {
    const { request, url, info, user } = asked
    const { reason } = this.#authorize(user, actionOf(info))
    annotate(request, "authorization.k8s.io/decision", "allow")
    annotate(request, "authorization.k8s.io/reason", reason)
    const route = this.#aggregator?.route(url.pathname)
    if (route && this.#aggregator) return relayed(await this.#aggregator.relay({ ...asked, route }))
    if (info.kind === "resource" && request.method !== "GET") checkWriteOptions(info)
    if (info.kind === "path") return answerPath(this.#unversioned, url, request.headers.get("accept") ?? "")
    const virtual = this.#virtual(info)
    if (virtual) return this.#review(virtual, info, request, user)
    return this.#resource(request, info, user)
  }

  #authorize(user: UserInfo, action: Action): Decision {
    const decision = this.#options.authorize(user, action)
    if (decision.allowed) return decision
    const text = refusalText(user, action)
    if (action.kind === "path") throw new StatusError("Forbidden", `forbidden: ${text}`)
    const { resource, group, name } = action
    const qualified = group === "" ? resource : `${resource}.${group}`
    throw new StatusError("Forbidden", `${qualified}${name ? ` "${name}"` : ""} is forbidden: ${text}`, {
      name,
      group,
      kind: resource,
    })
  }

  async #resource(request: Request, info: ResourceRequest, user: UserInfo): Promise<Response> {
    const resource = this.#server.registry.find(info.group, info.version, info.resource)
    if (!resource || (info.namespace !== "" && !resource.namespaced && resource.plural !== "namespaces")) {
      throw new StatusError("NotFound", "the server could not find the requested resource")
    }
    const context: RequestContext = {
      server: this.#server,
      request,
      info: scoped(info, resource),
      resource,
      user,
      allowCreation: () => void this.#authorize(user, { ...actionOf(info), verb: "create" } as Action),
      warnings: resource.deprecationWarning === undefined ? [] : [resource.deprecationWarning],
    }
    // A write whose answer nobody could read is refused before it is done.
    if (info.verb !== "get" && info.verb !== "list" && info.verb !== "watch")
      answerForm(request.headers.get("accept") ?? "", info.query, { custom: resource.custom, stream: false })
    const response = await handleResource(context)
    for (const value of warningHeaders(context.warnings)) response.headers.append("warning", value)
    return response
  }

  #virtual(info: ResourceRequest): VirtualResource | undefined {
    if (info.verb !== "create") return undefined
    return this.#options.virtual.find(
      ({ group, version, resource, subresource }) =>
        group === info.group &&
        version === info.version &&
        resource === info.resource &&
        subresource === info.subresource,
    )
  }

  async #review(virtual: VirtualResource, info: ResourceRequest, request: Request, user: UserInfo): Promise<Response> {
    const body = ((await decodeBody(request)) ?? {}) as Partial<AnyObject>
    const { namespace, name } = info
    const object = { ...body, metadata: body.metadata ?? {} } as AnyObject
    return jsonResponse(await virtual.create({ user, namespace, name, object }), 201)
  }

  upgrade(
    request: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    user: UserInfo,
    peer: Pick<Peer, "address"> = inProcess,
  ): void {
    void this.#upgrade(request, socket, head, user, peer).catch(async (error: unknown) => {
      const response = errorResponse(error)
      if (error instanceof NoSeatError) tellSorted(response, error.sorted)
      const body = await response.text()
      const fields = { ...Object.fromEntries(response.headers), "content-length": Buffer.byteLength(body) }
      const lines = Object.entries(fields).map(([name, value]) => `${name}: ${value}\r\n`)
      socket.end(`HTTP/1.1 ${response.status} Error\r\n${lines.join("")}connection: close\r\n\r\n${body}`)
    })
  }

  async #upgrade(
    incoming: IncomingMessage,
    socket: Duplex,
    head: Buffer,
    user: UserInfo,
    { address }: Pick<Peer, "address">,
  ): Promise<void> {
    const url = new URL(incoming.url ?? "/", "http://apiserver")
    const info = parseRequest(incoming.method ?? "GET", url)
    const route = this.#aggregator?.route(url.pathname)
    if (route && this.#aggregator) {
      this.#authorize(user, actionOf(info))
      return this.#aggregator.upgrade(route, incoming, socket, head, user, address)
    }
    const resource =
      info.kind === "resource" && info.group === "" && this.#server.registry.find("", "v1", info.resource)
    if (info.kind === "path" || !resource) {
      throw new StatusError("NotFound", "the server could not find the requested resource")
    }
    // Until it is set up the connection is a request like any other; then it holds nothing, however long it lasts.
    const seat = await this.#seat(info, user, () => closing(socket))
    try {
      // As Kubernetes does: who may open a shell may create one, whatever method the client's protocol uses.
      this.#authorize(user, { ...actionOf(info), verb: "create" } as Action)
      const request = new Request(url)
      await upgradeResource(
        { server: this.#server, request, info, resource, user, allowCreation: () => {}, warnings: [] },
        incoming,
        socket,
        head,
      )
    } finally {
      seat.leave()
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#definitions.close()
    await this.#aggregator?.[Symbol.asyncDispose]()
    this.#flowControl.close()
    this.#transport?.close()
    this.#server.store.close()
  }
}

function closing(socket: Duplex): AbortSignal {
  const closed = new AbortController()
  socket.once("close", () => closed.abort())
  return closed.signal
}

/** As Kubernetes tells its clients, in every answer, whom they have to ask why it was slow. */
function tellSorted({ headers }: Response, { schemaUid, levelUid }: Sorted): void {
  headers.set("X-Kubernetes-PF-FlowSchema-UID", schemaUid)
  headers.set("X-Kubernetes-PF-PriorityLevel-UID", levelUid)
}

/** A namespace's own path names it twice; objects of cluster scope have none. */
function scoped(info: ResourceRequest, resource: ServedResource): ResourceRequest {
  return resource.namespaced ? info : { ...info, namespace: "" }
}
